// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.verdict;

import iommu.api.kdump.Phase;
import iommu.api.pcie.Access;
import iommu.api.pcie.RequesterId;
import iommu.api.trace.Event;
import iommu.api.trace.EventKind;
import iommu.api.trace.Trace;
import iommu.api.unit.FaultRecord;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeMap;
import kdump.lab.api.TimelineEntry;
import kdump.lab.engine.run.Run;

/** Puts what a run has recorded into a line an event, as far as people want to read it. */
final class Timeline {

    /** A run that tells more than this is cut short here, so that a fault storm stays readable. */
    private static final int MAX_ENTRIES = 20_000;

    private final Run run;
    private final Trace trace;
    private final List<TimelineEntry> entries = new ArrayList<>();
    private final Set<String> seen = new HashSet<>();
    private Phase phase = Phase.RUNNING;
    private boolean crashed;
    /** The first event that is not told yet. */
    private int next = 1;

    /** Makes the timeline of a run in which nothing has happened yet. */
    Timeline(Run run) {
        this.run = run;
        this.trace = run.machine().trace();
    }

    /**
     * Returns the timeline of a run that has ended; empty unless its trace keeps events.
     *
     * @param functions whose requests were followed
     */
    static List<TimelineEntry> of(Run run, List<FunctionRecord> functions) {
        var timeline = new Timeline(run);
        timeline.soFar();
        if (timeline.trace.keeps()) {
            timeline.end(functions);
        }
        return timeline.entries;
    }

    /** Returns all lines until now; works out only those that came since the last call. */
    List<TimelineEntry> soFar() {
        for (; trace.keeps() && next < trace.size(); next++) {
            tell(trace.event(next));
        }
        return entries;
    }

    private void tell(Event e) {
        switch (e.kind()) {
            case POLICY_CHANGE -> add(e.nanos(), "policy", (String) e.detail());
            case PHASE -> {
                phase = Phase.values()[(int) e.a()];
                crashed |= phase == Phase.CRASH;
                add(e.nanos(), "phase", phase.name().toLowerCase(Locale.ROOT).replace('_', ' '));
            }
            case STEP -> add(e.nanos(), "step", e.detail().toString());
            case STEP_REFUSED -> add(e.nanos(), "refused", (String) e.detail());
            case CONSOLE -> add(e.nanos(), "console", (String) e.detail());
            case REGISTER_WRITE -> add(e.nanos(), "register", String.format(
                    "unit %d write%d 0x%03x = 0x%x", e.actor(), 8 * (e.a() >>> 32), (int) e.a(),
                    e.b()));
            case CONFIG_WRITE -> add(e.nanos(), "config", String.format(
                    "%s write%d 0x%03x = 0x%x", RequesterId.format(e.actor()), 8 * (e.a() >>> 32),
                    (int) e.a(), e.b()));
            case PROBED -> add(e.nanos(), "driver", RequesterId.format(e.actor()) + " "
                    + (e.detail() == null ? "probed" : "failed: " + e.detail()));
            case RESTART -> add(e.nanos(), "reboot", "the capture kernel begins to restart");
            case SHUT_DOWN -> {
                if (e.detail() != null) {
                    add(e.nanos(), "driver", RequesterId.format(e.actor())
                            + " is never shut down: " + e.detail());
                }
            }
            case RESTARTED -> add(e.nanos(), "reboot", "the machine restarts");
            case DUMP -> add(e.nanos(), "dump", "written to " + RequesterId.format(e.actor()));
            default -> tellOfHardware(e);
        }
    }

    private void tellOfHardware(Event e) {
        switch (e.kind()) {
            case TRANSLATION -> add(e.nanos(), "translation",
                    "unit " + e.actor() + ": translation " + (e.a() == 1 ? "on" : "off"));
            case INVALIDATION -> add(e.nanos(), "invalidation",
                    "unit " + e.actor() + ": " + e.detail());
            case FAULT -> fault(e, (FaultRecord) e.detail());
            case INTERRUPT -> {
                if (e.b() == 0 && seen.add(EventKind.INTERRUPT + " " + e.actor())) {
                    add(e.nanos(), "interrupt", String.format("%s interrupts at vector 0x%02x,"
                            + " which the capture kernel has not set up",
                            RequesterId.format(e.actor()), e.a()));
                }
            }
            case ERROR_INJECTED, SYSTEM_ERROR -> error(e);
            case REQUEST_TIMED_OUT -> {
                if (seen.add(e.kind() + " " + e.actor())) {
                    error(e);
                }
            }
            default -> { }
        }
    }

    private void error(Event e) {
        add(e.nanos(), "error", RequesterId.format(e.actor()) + " "
                + EventWords.of(e, new TreeMap<>()));
    }

    private void fault(Event e, FaultRecord fault) {
        if (crashed && seen.add(fault.key() + fault.requester())) {
            add(e.nanos(), "fault", String.format("unit %d: first %s of %s at 0x%x blocked, %s %s",
                    e.actor(), fault.access() == Access.WRITE ? "write" : "read",
                    RequesterId.format(fault.requester()), fault.address(), fault.key(),
                    fault.text()));
        }
    }

    private void end(List<FunctionRecord> functions) {
        long now = run.machine().queue().nanos();
        if (run.ending() == Run.Ending.NONE) {
            add(now, "iommu", "the capture kernel accessed registers of IOMMUs "
                    + run.captureKernel().registerAccesses() + " times");
        }
        for (FunctionRecord f : functions) {
            if (f.translatedRequests > 0) {
                add(now, "ats", RequesterId.format(f.requester) + " sent " + f.translatedRequests
                        + " translated requests, " + f.translatedBlocked + " of them blocked");
            }
        }
    }

    private void add(long nanos, String what, String text) {
        if (entries.size() > MAX_ENTRIES) {
            return;
        }
        boolean full = entries.size() == MAX_ENTRIES;
        entries.add(new TimelineEntry(nanos - run.crashNanos(), phase.label(),
                full ? "cut" : what, full ? "more happened than is shown" : text));
    }
}
