// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.run;

import iommu.api.kdump.HandoverEvent;
import iommu.api.kdump.HandoverNotes;
import iommu.api.kdump.Phase;
import iommu.api.memory.AddressRange;
import iommu.api.memory.PhysicalMemory;
import iommu.api.pcie.DeviceDriver;
import iommu.api.pcie.PciFunction;
import iommu.api.pcie.Workload;
import iommu.api.profile.KernelProfile;
import iommu.api.trace.EventKind;
import iommu.api.trace.Trace;
import iommu.api.unit.KernelPanicException;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import kdump.lab.api.RunOptions;
import kdump.lab.engine.kernel.DumpWriter;
import kdump.lab.engine.kernel.EngineDriverPort;
import kdump.lab.engine.kernel.GuestMemory;
import kdump.lab.engine.kernel.IovaInUse;
import kdump.lab.engine.kernel.Kernel;
import kdump.lab.engine.kernel.PageAllocator;
import kdump.lab.engine.kernel.UnitSlot;
import kdump.lab.engine.machine.DeviceSetup;
import kdump.lab.engine.machine.Machine;
import kdump.lab.engine.machine.RunStorage;
import kdump.lab.engine.machine.Services;
import kdump.lab.engine.setup.Scenario;
import kdump.lab.engine.steps.KernelView;

/**
 * One run, step by step: a machine, a policy, a seed, a crash instant. The first kernel runs until
 * it panics; the capture kernel goes through its phases, act by act. What happens is recorded in
 * the machine's trace; nothing here judges it. Its memory is borrowed: whoever lends it rolls it
 * back. One thread.
 */
public final class Run implements KernelView.Moment {

    private static final long NOTES_BYTES = HandoverNotes.MAX_BYTES;

    /** How a run ended before its time. */
    public enum Ending {
        /** It did not, or not yet. */
        NONE,
        /** The kernel panicked. */
        PANIC,
        /** A bundle went away. */
        WITHDRAWN,
        /** A bundle broke. */
        BROKEN
    }

    private final Scenario scenario;
    private final RunOptions options;
    private final PhysicalMemory memory;
    private final Machine machine;
    private final Trace trace;
    private final Kernel first;
    private final Kernel capture;
    private final PageAllocator capturePages;
    private final PolicySession policy;
    private final StepExecutor firstSteps;
    private final CaptureBoot boot;
    private final Restart restart;
    private final ReservationNotes firstNotes;
    private final CrashPath crashPath;
    private final AskedSteps asked = new AskedSteps();
    private Phase phase;
    private final RunningKernel running;
    private int crashMark = -1;
    private boolean causesFromStart;
    private boolean imageChanged;
    private Ending ending = Ending.NONE;
    private String endingReason;

    /**
     * Puts machine and kernels together; nothing has happened then.
     *
     * @param memory rolled back afterwards by the caller, who has marked it
     * @param storage room for what is recorded
     * @param level how much of it
     */
    public Run(Scenario scenario, PhysicalMemory memory, Services services, RunStorage storage,
            Trace.Level level, PolicySession policy, RunOptions options) {
        this.scenario = scenario;
        this.options = options;
        this.memory = memory;
        this.policy = policy;
        machine = new Machine(scenario.description(), scenario.reservation(), memory, services,
                storage, level, DeviceSetup.of(options, scenario.loads()));
        trace = machine.trace();
        AddressRange reservation = scenario.reservation();
        first = new Kernel(machine, scenario.profile(),
                new PageAllocator(scenario.ram(), scenario.usedFrames()), scenario.mappedIova(),
                scenario.passThrough());
        first.iommu().guests(scenario.description().runDefaults().guests());
        var own = new ArrayList<>(List.of(
                new AddressRange(image().end(), reservation.end() - NOTES_BYTES)));
        if (scenario.description().runDefaults().lowReservation() != null) {
            own.add(scenario.description().runDefaults().lowReservation());
        }
        capturePages = new PageAllocator(own, new BitSet());
        capture = new Kernel(machine, scenario.captureProfile(), capturePages, new IovaInUse(),
                Set.of());
        long notesAt = reservation.end() - NOTES_BYTES;
        firstNotes = new ReservationNotes(first, memory, notesAt);
        firstSteps = new StepExecutor(first, machine, policy, firstNotes, this);
        boot = new CaptureBoot(this, capture, machine, new StepExecutor(capture, machine, policy,
                new ReservationNotes(capture, memory, notesAt), this), scenario.captureProfile());
        restart = new Restart(capture, trace, boot.probed(),
                scenario.captureProfile().setting(KernelProfile.PANIC, 0) != 0);
        crashPath = new CrashPath(scenario.profile(), options.seed());
        running = new RunningKernel(first);
        machine.processor(running);
    }

    /** Returns what policies have noted so far; it can only be read. */
    public HandoverNotes notes() {
        return firstNotes.toRead();
    }

    CrashPath crashPath() {
        return crashPath;
    }

    /** Returns what the policy asked for so far. */
    public AskedSteps asked() {
        return asked;
    }

    // ---- stepping -------------------------------------------------------------------------------

    /**
     * Goes on until a phase has begun, or the run has ended. A crash that has begun has marked the
     * memory; nothing of what is done at it is done yet.
     */
    public void advance(Phase to) {
        guarded(() -> {
            while (ending == Ending.NONE && (phase == null || phase.compareTo(to) < 0)) {
                if (phase == null) {
                    startFirstKernel();
                } else if (phase == Phase.RUNNING) {
                    machine.queue().advanceTo(crashNanos());
                    crash();
                } else if (!nextOfCapture(Long.MAX_VALUE)) {
                    return;
                }
            }
        });
    }

    /**
     * Lets virtual time pass. An act of a kernel is never cut in two, so the clock may stand later
     * than asked for.
     *
     * @param nanos from now
     */
    public void advance(long nanos) {
        long until = machine.queue().nanos() + nanos;
        guarded(() -> {
            if (ending != Ending.NONE) {
                return;
            }
            if (phase == null) {
                startFirstKernel();
            }
            if (phase == Phase.RUNNING) {
                machine.queue().advanceTo(Math.min(until, crashNanos()));
                if (until < crashNanos()) {
                    return;
                }
                crash();
            }
            while (ending == Ending.NONE && machine.queue().nanos() <= until
                    && nextOfCapture(until)) {
                continue;
            }
            if (ending == Ending.NONE && machine.queue().nanos() < until) {
                machine.queue().advanceTo(until);
            }
        });
    }

    /** Goes on to the end. */
    public void finish() {
        advance(Phase.DUMP);
        guarded(() -> {
            while (ending == Ending.NONE && nextOfCapture(Long.MAX_VALUE)) {
                continue;
            }
            if (ending == Ending.NONE) {
                checkPresence();
            }
        });
    }

    /**
     * Restarts the machine, if the capture kernel has got as far as that: with or without a dump,
     * which is what kdump's scripts do. Nothing more happens then. Called once, at the end.
     *
     * <p>Source: kdump.conf, failure_action and final_action, both of which are reboot by default.
     */
    public void restart() {
        if (ending == Ending.NONE && phase == Phase.DUMP) {
            guarded(() -> {
                checkPresence();
                restart.run();
            });
        }
    }

    private boolean nextOfCapture(long until) {
        if (phase == Phase.CRASH && running.is(first)) {
            leaveFirstKernel();
            return true;
        }
        return boot.next(until);
    }

    private void guarded(Runnable acts) {
        try {
            acts.run();
        } catch (KernelPanicException e) {
            end(Ending.PANIC, e.getMessage());
            if (!capture.hasPanicked()) {
                trace.append(EventKind.PANIC, Trace.NOBODY, 0, 0, e.getMessage());
            }
        } catch (WithdrawnException e) {
            end(Ending.WITHDRAWN, e.getMessage());
        } catch (BrokenException e) {
            end(Ending.BROKEN, e.getMessage());
        }
    }

    /** Ends the run where it is; nothing goes on after that. */
    public void end(Ending how, String reason) {
        if (ending == Ending.NONE) {
            ending = how;
            endingReason = reason;
        }
    }

    /** Begins a phase. */
    void begin(Phase next) {
        phase = next;
        trace.leave(0);
        int event = trace.append(EventKind.PHASE, Trace.NOBODY, next.ordinal(), 0);
        trace.enter(event);
        first.phaseEvent(event);
        capture.phaseEvent(event);
        checkPresence();
    }

    /** Ends the run by a {@link WithdrawnException} if a bundle of it has gone. */
    void checkPresence() {
        String gone = withdrawn();
        if (gone != null) {
            throw new WithdrawnException(gone, null);
        }
    }

    /** Returns who of all that make this run was withdrawn, in words; null if all are there. */
    public String withdrawn() {
        return policy.isWithdrawn() ? policy.culprit() + " was withdrawn" : machine.withdrawn();
    }

    // ---- T0, T1 ---------------------------------------------------------------------------------

    private void startFirstKernel() {
        if (trace.keeps() && scenario.tracksCauses()) {
            memory.trackCauses();
            causesFromStart = true;
        }
        begin(Phase.RUNNING);
        firstNotes.clear();
        first.units().forEach(UnitSlot::resume);
        first.startMapping();
        scenario.loads().forEach((requester, load) -> {
            PciFunction function = machine.fabric().function(requester);
            DeviceDriver driver = machine.slot(requester).driver(new EngineDriverPort(first,
                    machine, function,
                    GuestMemory.of(scenario.description(), requester, load)));
            driver.start(first.mapped(function, load), options.seed() + requester);
            machine.queue().schedule(1, new DriverService(first, machine.queue(), driver));
        });
        first.startClock();
        firstSteps.tell(new HandoverEvent.PhaseStart(Phase.RUNNING));
    }

    private void crash() {
        begin(Phase.CRASH);
        machine.media().keep();
        imageChanged = memory.differs(image());
        if (!causesFromStart && scenario.tracksCauses()) {
            memory.trackCauses();
        }
        crashMark = memory.mark();
    }

    private void leaveFirstKernel() {
        firstSteps.tell(new HandoverEvent.PhaseStart(Phase.CRASH));
        for (UnitSlot unit : first.units()) {
            long before = first.registerAccesses();
            unit.driver().crash();
            if (first.registerAccesses() != before) {
                crashPath.act("its own code for units");
            }
        }
        first.stop();
        running.becomes(capture);
        machine.wires().runsOn(
                (int) scenario.profile().setting(KernelProfile.CRASH_PROCESSOR, -1));
        capture.endOnSystemError();
        capture.startClock();
    }

    // ---- what there is to see -------------------------------------------------------------------

    /** Returns the machine, in the state that the run has brought it to. */
    public Machine machine() {
        return machine;
    }

    /** Returns what was chosen for it. */
    public Scenario scenario() {
        return scenario;
    }

    /** Returns the phase that has begun last; null before the first. */
    @Override
    public Phase phase() {
        return phase;
    }

    /** Returns the instant of the crash. */
    @Override
    public long crashNanos() {
        return options.crashAtNanos();
    }

    /** Returns whether the crash has happened. */
    public boolean hasCrashed() {
        return crashMark >= 0;
    }

    /** Returns the mark in memory at the crash; -1 before it. */
    public int crashMark() {
        return crashMark;
    }

    /** Returns the capture kernel. */
    public Kernel captureKernel() {
        return capture;
    }

    /** Returns the memory that the capture kernel has given out. */
    public PageAllocator capturePages() {
        return capturePages;
    }

    /** Returns the image of the capture kernel. */
    public AddressRange image() {
        return AddressRange.of(scenario.reservation().start(), Scenario.IMAGE_BYTES);
    }

    /** Returns whether the image is another one than was loaded. */
    boolean imageChanged() {
        return imageChanged || memory.differs(image());
    }

    /** Returns the dump as far as it got; null if it was never begun. */
    public DumpWriter dump() {
        return boot.dump();
    }

    /** Returns why there can be no dump; null if there is no such reason. */
    public String dumpFailure() {
        return boot.dumpFailure();
    }

    /** Returns the restart of the machine. */
    public Restart theRestart() {
        return restart;
    }

    /** Returns how it ended early. */
    public Ending ending() {
        return ending;
    }

    /** Returns why it ended early; null if it did not. */
    public String endingReason() {
        return endingReason;
    }
}
