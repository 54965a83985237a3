// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.verdict;

import iommu.api.kdump.HandoverEvent;
import iommu.api.kdump.Phase;
import iommu.api.pcie.Access;
import iommu.api.pcie.RequesterId;
import iommu.api.pcie.Upstream.SystemError;
import iommu.api.trace.DmaOutcome;
import iommu.api.trace.Event;
import iommu.api.trace.EventKind;
import iommu.api.trace.Trace;
import iommu.api.unit.FaultRecord;
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
        String event = words(e, facts);
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
            case REQUEST, RESUMED, DMA_READ, DMA_WRITE, MESSAGE, MEDIUM_WRITE, DEVICE_RESET,
                    SYSTEM_ERROR -> RequesterId.format(e.actor());
            default -> kernelAt(e.id());
        };
    }

    static String hex(long value) {
        return "0x" + Long.toHexString(value);
    }

    private static String words(Event e, Map<String, String> facts) {
        switch (e.kind()) {
            case PHASE:
                Phase phase = Phase.values()[(int) e.a()];
                return phase == Phase.CRASH ? "the first kernel crashes"
                        : "phase " + phase.label() + " begins";
            case POLICY_EVENT:
                return "is asked about " + words((HandoverEvent) e.detail());
            case STEP:
                return "asks for " + e.detail();
            case STEP_REFUSED, PANIC, CONSOLE:
                return e.detail().toString();
            case REGISTER_WRITE:
                facts.put("unit", Integer.toString(e.actor()));
                facts.put("register", String.format("0x%03x", (int) e.a()));
                facts.put("value", hex(e.b()));
                return "writes a register of the unit";
            case CONFIG_WRITE:
                facts.put("function", RequesterId.format(e.actor()));
                facts.put("offset", String.format("0x%03x", (int) e.a()));
                facts.put("value", hex(e.b()));
                return "writes config space";
            case MAP, UNMAP:
                facts.put("function", RequesterId.format(e.actor()));
                facts.put("iova", hex(e.a()));
                return e.kind() == EventKind.MAP ? "maps a page" : "unmaps a page";
            default:
                return wordsOfDriver(e, facts);
        }
    }

    private static String wordsOfDriver(Event e, Map<String, String> facts) {
        switch (e.kind()) {
            case PROBE, PROBED:
                facts.put("function", RequesterId.format(e.actor()));
                return e.kind() == EventKind.PROBE ? "its driver probes the function"
                        : e.detail() == null ? "the driver is ready"
                                : "the driver fails: " + e.detail();
            case RESTART:
                return "begins to restart the machine";
            case RESTARTED:
                return "the machine restarts";
            case SHUTDOWN, SHUT_DOWN:
                facts.put("function", RequesterId.format(e.actor()));
                return e.kind() == EventKind.SHUTDOWN ? "its driver shuts the device down"
                        : e.detail() == null ? "the device is shut down"
                                : "the shutdown never ends: " + e.detail();
            case DUMP:
                return "begins to write the dump to " + RequesterId.format(e.actor());
            case DUMPED:
                facts.put("pages", e.a() + " of " + e.b());
                return e.detail() == null ? "the dump is written" : e.detail().toString();
            case POSTED:
                facts.put("request", Long.toString(e.a()));
                return "its driver hands a request to " + RequesterId.format(e.actor());
            default:
                return wordsOfHardware(e, facts);
        }
    }

    private static String wordsOfHardware(Event e, Map<String, String> facts) {
        switch (e.kind()) {
            case FAULT:
                var fault = (FaultRecord) e.detail();
                facts.put("requester", RequesterId.format(fault.requester()));
                facts.put("address", hex(fault.address()));
                facts.put("access", Access.format(fault.access()));
                facts.put("reason", fault.key());
                facts.put("recorded", (e.b() >>> 32 & 1) != 0 ? "yes" : "no");
                return "blocks a request: " + fault.text();
            case TRANSLATION:
                return "translation is switched " + (e.a() == 1 ? "on" : "off");
            case INVALIDATION:
                return "drops cached translations: " + e.detail();
            case REQUEST:
                facts.put("request", Long.toString(e.a()));
                return "begins to work on a request";
            case DMA_READ, DMA_WRITE:
                return request(e, facts);
            case DEVICE_RESET:
                return "is reset and drops all work";
            case SYSTEM_ERROR:
                SystemError error = (SystemError) e.detail();
                facts.put("gates", error.gates());
                return "reports a " + error.severity() + " system error: " + error.kind();
            case UNIT_WRITES:
                return "writes its log";
            default:
                return e.kind().name().toLowerCase(java.util.Locale.ROOT).replace('_', ' ');
        }
    }

    private static String request(Event e, Map<String, String> facts) {
        facts.put("address", hex(e.a()));
        facts.put("bytes", Integer.toString(DmaOutcome.bytes(e.b())));
        boolean blocked = DmaOutcome.isBlocked(e.b());
        if (!blocked) {
            facts.put("physicalAddress", hex(DmaOutcome.physicalAddress(e.a(), e.b())));
        }
        return (e.kind() == EventKind.DMA_READ ? "reads memory" : "writes memory")
                + (blocked ? ", which is blocked" : DmaOutcome.isUntranslated(e.b())
                        ? ", which nobody translates" : "")
                + (blocked || DmaOutcome.isAnswered(e.b()) ? "" : ", where nothing answers");
    }

    private static String words(HandoverEvent event) {
        return event instanceof HandoverEvent.PhaseStart p ? "the start of " + p.phase().label()
                : event instanceof HandoverEvent.ProbeStart s
                        ? "the probe of " + RequesterId.format(s.requester())
                        : event instanceof HandoverEvent.ProbeEnd n
                                ? "the end of the probe of " + RequesterId.format(n.requester())
                                : event.toString();
    }
}
