// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.verdict;

import iommu.api.kdump.HandoverEvent;
import iommu.api.kdump.Phase;
import iommu.api.pcie.RequesterId;
import iommu.api.trace.Event;
import iommu.api.trace.EventKind;
import java.util.Map;
import kdump.lab.engine.ports.TakenError;

/** Puts events into words: what its actor did, and facts beside it. */
final class EventWords {

    private EventWords() { }

    static String hex(long value) {
        return "0x" + Long.toHexString(value);
    }

    /**
     * Returns what the actor of an event did.
     *
     * @param facts receives numbers and names that belong to it, by their names in JSON
     */
    static String of(Event e, Map<String, String> facts) {
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
            case DUMP, DUMP_PAGE, DUMPED:
                return wordsOfDump(e, facts);
            case ERROR_TAKEN:
                var taken = (TakenError) e.detail();
                facts.put("port", RequesterId.format((int) e.a()));
                facts.put("severity", taken.severity());
                return "takes an error of " + RequesterId.format(e.actor()) + " by its "
                        + taken.service() + " service: " + taken.kind() + ", "
                        + taken.became();
            case LINE_MASKED:
                facts.put("function", RequesterId.format(e.actor()));
                facts.put("line", Long.toString(e.a()));
                return "masks an interrupt line that the function asserts for nobody";
            case CONTROLLER_WRITE:
                facts.put("source", RequesterId.format(e.actor()));
                facts.put("input", Long.toString(e.a()));
                facts.put("entry", String.format("0x%016x", e.b()));
                return "writes the redirection entry of an input";
            case INPUT_CHECKED:
                facts.put("source", RequesterId.format(e.actor()));
                facts.put("input", Long.toString(e.a()));
                facts.put("arrived", Long.toString(e.b() & Long.MAX_VALUE));
                return "looks whether interrupts of the timer arrive: "
                        + (e.b() < 0 ? "too few" : "they do");
            case POSTED:
                facts.put("request", Long.toString(e.a()));
                return "its driver hands a request to " + RequesterId.format(e.actor());
            default:
                return HardwareWords.of(e, facts);
        }
    }

    private static String wordsOfDump(Event e, Map<String, String> facts) {
        if (e.kind() == EventKind.DUMP) {
            return "begins to write the dump to " + RequesterId.format(e.actor());
        }
        if (e.kind() == EventKind.DUMP_PAGE) {
            facts.put("page", hex(e.a()));
            facts.put("found", e.b() == 0 ? "there" : e.b() < 0 ? "nowhere" : hex(e.b()));
            return "reads a page for the dump";
        }
        facts.put("pages", e.a() + " of " + e.b());
        return e.detail() == null ? "the dump is written" : e.detail().toString();
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
