// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.verdict;

import iommu.api.kdump.Phase;
import iommu.api.pcie.RequesterId;
import iommu.api.trace.Event;
import iommu.api.trace.EventKind;
import iommu.api.trace.Trace;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import kdump.lab.api.Why.Link;
import kdump.lab.engine.run.Run;

/**
 * The links from an event to its first cause, each put into words. Parents come from the trace;
 * where a request or an entry of memory stands between, the caller adds the link. One thread.
 */
final class CauseChain {

    private final Run run;
    private final Trace trace;
    private final List<Link> links = new ArrayList<>();

    CauseChain(Run run) {
        this.run = run;
        this.trace = run.machine().trace();
    }

    List<Link> links() {
        return links;
    }

    /** Adds an event and everything that it happened because of. */
    void addWithParents(int id) {
        for (int at = id; at != 0; at = trace.event(at).parent()) {
            add(trace.event(at), Map.of());
        }
    }

    /** Adds an event with facts beside its own. */
    void add(Event e, Map<String, String> more) {
        var facts = new LinkedHashMap<String, String>();
        String event = EventWords.of(e, facts);
        facts.putAll(more);
        add(e.nanos(), e.id(), actor(e), event, facts);
    }

    /** Adds a link that is no event of its own, at the time of another. */
    void add(Event beside, String actor, String event, Map<String, String> facts) {
        add(beside.nanos(), beside.id(), actor, event, facts);
    }

    private void add(long nanos, int id, String actor, String event, Map<String, String> facts) {
        links.add(new Link(nanos - run.crashNanos(), phaseAt(id), actor, event, facts));
    }

    /** Returns the label of the phase in which an event happened. */
    private String phaseAt(int id) {
        for (int at = id; at > 0; at--) {
            if (trace.kind(at) == EventKind.PHASE) {
                return Phase.values()[(int) trace.event(at).a()].label();
            }
        }
        return "";
    }

    /** Returns the kernel that runs when an event happens. */
    String kernelAt(int id) {
        String phase = phaseAt(id);
        return phase.equals("T0") || phase.equals("T1") ? "crashed kernel" : "capture kernel";
    }

    private String actor(Event e) {
        return switch (e.kind()) {
            case FAULT, TRANSLATION, INVALIDATION, FAULT_INTERRUPT, UNIT_WRITES ->
                "unit " + e.actor();
            case POLICY_EVENT, STEP -> "policy";
            case PHASE -> "machine";
            case REQUEST, RESUMED, DMA_READ, DMA_WRITE, MESSAGE, INPUT,
                    INTERRUPT_ELSEWHERE, MEDIUM_WRITE, DEVICE_RESET,
                    SYSTEM_ERROR, ERROR_INJECTED, REQUEST_TIMED_OUT ->
                    e.actor() == Trace.NOBODY ? "timer" : RequesterId.format(e.actor());
            default -> kernelAt(e.id());
        };
    }
}
