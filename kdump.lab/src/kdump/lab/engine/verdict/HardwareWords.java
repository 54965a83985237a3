// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.verdict;

import iommu.api.pcie.Access;
import iommu.api.pcie.DeviceContext;
import iommu.api.pcie.RequesterId;
import iommu.api.pcie.Upstream.SystemError;
import iommu.api.trace.DmaOutcome;
import iommu.api.trace.Event;
import iommu.api.trace.EventKind;
import iommu.api.unit.FaultRecord;
import java.util.Locale;
import java.util.Map;

/** What units, devices and controllers did, in words; what kernels did has {@link EventWords}. */
final class HardwareWords {

    private HardwareWords() { }

    /**
     * Returns what the actor of an event did.
     *
     * @param facts as {@link EventWords#of} has them
     */
    static String of(Event e, Map<String, String> facts) {
        switch (e.kind()) {
            case FAULT:
                var fault = (FaultRecord) e.detail();
                facts.put("requester", RequesterId.format(fault.requester()));
                facts.put("address", EventWords.hex(fault.address()));
                facts.put("access", Access.format(fault.access()));
                facts.put("reason", fault.key());
                facts.put("recorded", (e.b() >>> 32 & 1) != 0 ? "yes" : "no");
                return "blocks a request: " + fault.text();
            case TRANSLATION:
                return "translation is switched " + (e.a() == 1 ? "on" : "off");
            case INVALIDATION:
                return "drops cached translations: " + e.detail();
            case REQUEST, DMA_READ, DMA_WRITE, DEVICE_RESET:
                return wordsOfDevice(e, facts);
            case MESSAGE:
                facts.put("address", EventWords.hex(e.a()));
                facts.put("data", EventWords.hex(e.b() & 0xffff_ffffL));
                return "sends an interrupt message" + (e.b() < 0 ? ", which is blocked" : "");
            case INTERRUPT_ELSEWHERE:
                facts.put("vector", EventWords.hex(e.a()));
                facts.put("destination", EventWords.hex(e.b() & Long.MAX_VALUE));
                return "interrupts a processor that nothing runs on";
            case INPUT:
                facts.put("input", Long.toString(e.a()));
                return "asserts an input of the interrupt controllers";
            case SYSTEM_ERROR:
                SystemError error = (SystemError) e.detail();
                facts.put("gates", error.gates());
                return "reports a " + error.severity() + " system error: " + error.kind();
            case ERROR_INJECTED:
                facts.put("uncorrectable", EventWords.hex(e.a()));
                facts.put("correctable", EventWords.hex(e.b()));
                return "detects an error that it was asked to detect";
            case REQUEST_TIMED_OUT:
                facts.put("waited", e.a() < 0 ? "for ever" : e.a() / 1000 + " us");
                return "does not answer what the processor asks of it";
            case UNIT_WRITES:
                return "writes its log";
            default:
                return e.kind().name().toLowerCase(Locale.ROOT).replace('_', ' ');
        }
    }

    private static String wordsOfDevice(Event e, Map<String, String> facts) {
        if (e.kind() == EventKind.DEVICE_RESET) {
            return "is reset and drops all work";
        }
        if (e.kind() != EventKind.REQUEST) {
            return request(e, facts);
        }
        if (e.a() == DeviceContext.LOOKING) {
            return "looks whether there are requests";
        }
        facts.put("request", Long.toString(e.a()));
        return "begins to work on a request";
    }

    private static String request(Event e, Map<String, String> facts) {
        facts.put("address", EventWords.hex(e.a()));
        facts.put("bytes", Integer.toString(DmaOutcome.bytes(e.b())));
        boolean blocked = DmaOutcome.isBlocked(e.b());
        if (!blocked) {
            facts.put("physicalAddress", EventWords.hex(DmaOutcome.physicalAddress(e.a(), e.b())));
        }
        if (DmaOutcome.isPeerToPeer(e.b())) {
            facts.put("completer", RequesterId.format((Integer) e.detail()));
            return (e.kind() == EventKind.DMA_READ ? "reads" : "writes")
                    + (DmaOutcome.isAnswered(e.b()) ? " registers of another function"
                            : " where a bridge finds nobody") + ": no unit sees the request";
        }
        return (e.kind() == EventKind.DMA_READ ? "reads memory" : "writes memory")
                + (blocked ? ", which is blocked" : DmaOutcome.isUntranslated(e.b())
                        ? ", which nobody translates" : "")
                + (blocked || DmaOutcome.isAnswered(e.b()) ? "" : ", where nothing answers");
    }
}
