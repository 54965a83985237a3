// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.verdict;

import iommu.api.kdump.Phase;
import iommu.api.pcie.PciFunction;
import iommu.api.pcie.RequesterId;
import iommu.api.profile.KernelProfile.Phases;
import iommu.api.sim.EventQueue;
import iommu.api.trace.Event;
import iommu.api.trace.EventKind;
import iommu.api.trace.Trace;
import iommu.api.unit.RemappingUnit;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import kdump.lab.api.InterruptedRunException;
import kdump.lab.api.LabException;
import kdump.lab.api.TimelineEntry;
import kdump.lab.api.Verdict;
import kdump.lab.api.live.LiveState;
import kdump.lab.api.live.LiveState.DeviceState;
import kdump.lab.api.live.LiveState.PhaseState;
import kdump.lab.api.live.LiveState.UnitState;
import kdump.lab.engine.machine.Machine;
import kdump.lab.engine.machine.Services;
import kdump.lab.engine.run.PolicySession;
import kdump.lab.engine.run.Run;

/** A run that is taken step by step, and judged as far as it has come. One thread. */
public final class LiveRun {

    private static final Phase[] PHASES = Phase.values();
    /** Strangers say it: nobody reads more. */
    private static final int MAX_REFUSAL = 300;

    private final Run run;
    private final Machine machine;
    private final Attribution attribution;
    private final Supervisor supervisor;
    private final Services services;
    private final PolicySession policy;
    private final Timeline timeline;
    private final List<String> refusals = new ArrayList<>();
    /** By function what kernels have said of its driver last. */
    private final Map<Integer, String> drivers = new HashMap<>();
    private boolean dumped;
    private boolean restarted;
    private String left;
    /** How many lines of the timeline were told. */
    private int told;
    /** The first event that has not been looked at for drivers. */
    private int unseen = 1;

    LiveRun(Run run, Services services, PolicySession policy, Supervisor supervisor) {
        this.run = run;
        this.machine = run.machine();
        this.services = services;
        this.policy = policy;
        this.supervisor = supervisor;
        this.attribution = new Attribution(run);
        this.timeline = new Timeline(run);
    }

    // ---- stepping -------------------------------------------------------------------------------

    /** Goes on to the next phase, the end of the dump, or through the reboot. */
    public LiveState next() throws LabException {
        if (run.phase() != Phase.DUMP) {
            return next(run.phase() == null ? Phase.RUNNING : PHASES[run.phase().ordinal() + 1]);
        }
        if (!dumped) {
            act(run::finish);
            dumped = true;
        } else if (!restarted) {
            attribution.close();
            act(run::restart);
            restarted = true;
        }
        return state();
    }

    /**
     * Goes on until a phase has begun.
     *
     * @throws LabException if the phase lies behind
     */
    public LiveState next(Phase phase) throws LabException {
        if (run.phase() != null && run.phase().compareTo(phase) > 0) {
            throw new LabException(phase.label() + " lies behind: this is "
                    + run.phase().label());
        }
        act(() -> advance(phase));
        return state();
    }

    /** Lets virtual time pass. */
    public LiveState next(long nanos) throws LabException {
        EventQueue queue = machine.queue();
        long until = queue.nanos() + nanos;
        act(() -> {
            if (until >= run.crashNanos()) {
                advance(Phase.CRASH);
            }
            if (until > queue.nanos()) {
                run.advance(until - queue.nanos());
            }
        });
        return state();
    }

    /** The tables of the crash are looked at before anything else happens. */
    private void advance(Phase to) {
        if (!run.hasCrashed()) {
            run.advance(to.compareTo(Phase.CRASH) < 0 ? to : Phase.CRASH);
            if (run.hasCrashed()) {
                attribution.crash();
            }
        }
        run.advance(to);
    }

    private void act(Runnable acts) throws InterruptedRunException {
        if (ended() != null) {
            return;
        }
        try {
            if (!supervisor.run(run, acts, new Blame(services, policy))) {
                left = run.endingReason();
            }
        } catch (InterruptedRunException e) {
            left = "interrupted";
            throw e;
        }
    }

    /** Says that another policy decides from here on. */
    public void policyChanges() {
        tellOfPolicy(policy.name() + " decides from here on");
    }

    private void tellOfPolicy(String sentence) {
        machine.trace().append(EventKind.POLICY_CHANGE, Trace.NOBODY, 0, 0, sentence);
    }

    /** Returns why another policy does not take over, a sentence, which is told; else null. */
    public String refusal(PolicySession other) {
        String why = other.refusesToTakeOver(run.phase(), run.notes());
        if (why == null) {
            return null;
        }
        String sentence = "policy " + other.name() + " refuses to take over at "
                + (run.phase() == null ? "the start" : run.phase().label()) + ": "
                + why.substring(0, Math.min(why.length(), MAX_REFUSAL))
                        .replaceAll("\\p{Cntrl}", ".");
        tellOfPolicy(sentence);
        refusals.add(sentence);
        return sentence;
    }

    // ---- how it stands --------------------------------------------------------------------------

    /** Returns what it came to; null while it can go on. */
    public String ended() {
        return left != null ? left : run.ending() != Run.Ending.NONE ? run.endingReason()
                : restarted ? "reboot " + run.theRestart().outcome().word() : null;
    }

    /** Returns the verdict on what has happened so far. */
    public Verdict verdict() {
        Verdict verdict = new VerdictBuilder(run, attribution).verdict(policy.name());
        for (String refusal : refusals) {
            verdict = verdict.withReboot(verdict.reboot(), refusal);
        }
        return restarted && run.ending() == Run.Ending.NONE ? verdict.withReboot(
                run.theRestart().outcome().word(), run.theRestart().reason()) : verdict;
    }

    /** Returns how it stands, and what has happened since it was last asked. */
    public LiveState state() {
        List<TimelineEntry> all = timeline.soFar();
        List<TimelineEntry> news = List.copyOf(all.subList(told, all.size()));
        told = all.size();
        Counters counters = attribution.counters();
        return new LiveState(machine.description().name(), policy.name(),
                run.phase() == null ? null : run.phase().label(),
                machine.queue().nanos() - run.crashNanos(), ended(), phases(), units(), devices(),
                counters.faults(), counters.untranslated().requests(), news);
    }

    private List<PhaseState> phases() {
        Phases at = run.scenario().captureProfile().phases();
        long[] begins = {-run.crashNanos(), 0, at.purgatory(), at.setupArch(),
            at.interruptRemapping(), at.enumeration(), at.finalFixups(), at.dmaRemapping(),
            at.drivers(), at.dump()};
        var phases = new ArrayList<PhaseState>();
        for (Phase phase : PHASES) {
            phases.add(new PhaseState(phase.label(),
                    phase.name().toLowerCase(Locale.ROOT).replace('_', ' '),
                    begins[phase.ordinal()],
                    run.phase() != null && run.phase().compareTo(phase) >= 0));
        }
        return phases;
    }

    private List<UnitState> units() {
        var units = new ArrayList<UnitState>();
        for (RemappingUnit unit : machine.units()) {
            units.add(new UnitState(units.size(), machine.vendor(units.size()).name(),
                    unit.translating()));
        }
        return units;
    }

    private List<DeviceState> devices() {
        lookForDrivers();
        var devices = new ArrayList<DeviceState>();
        for (PciFunction function : machine.functionsWithDevice()) {
            int requester = function.requesterId();
            int inFlight = 0;
            for (FunctionRecord record : attribution.functions()) {
                inFlight += record.requester == requester ? record.inFlight() : 0;
            }
            devices.add(new DeviceState(RequesterId.format(requester), function.busMaster(),
                    drivers.getOrDefault(requester, "first kernel's"), inFlight));
        }
        return devices;
    }

    private void lookForDrivers() {
        Trace trace = machine.trace();
        for (; unseen < trace.size(); unseen++) {
            EventKind kind = trace.kind(unseen);
            if (kind == EventKind.PROBE || kind == EventKind.PROBED) {
                Event event = trace.event(unseen);
                drivers.put(event.actor(), kind == EventKind.PROBE ? "probing"
                        : event.detail() == null ? "probed" : (String) event.detail());
            }
        }
    }
}
