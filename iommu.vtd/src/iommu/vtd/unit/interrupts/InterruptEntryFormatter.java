// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.unit.interrupts;

import iommu.api.unit.CacheLookup;
import iommu.api.unit.Interrupt;
import iommu.api.unit.WalkListener;
import iommu.vtd.FaultReason;
import iommu.vtd.InterruptRemapEntry;
import iommu.vtd.VtdRegisters;
import iommu.vtd.unit.requests.EntryFormatter;
import java.util.List;

/** Tells interrupt remapping entries. Cold. */
public final class InterruptEntryFormatter {

    static final String ENTRY = "interrupt remapping entry";
    static final String CACHE = "interrupt entry cache";

    private InterruptEntryFormatter() { }

    /**
     * Tells an entry as memory has it.
     *
     * @param outcome packed, what would become of the request by it
     * @param reserved of each quadword the bits that are set and must not be
     */
    static void tell(int index, long at, long q0, long q1, long outcome, long[] reserved,
            CacheLookup lookup, WalkListener listener) {
        var formatter = EntryFormatter.entry(ENTRY, at, q0, q1)
                .with("index", EntryFormatter.hex(index)).with("P", InterruptRemapEntry.P)
                .with("FPD", InterruptRemapEntry.FPD).with("IM", InterruptRemapEntry.IM);
        if (InterruptRemapEntry.IM.isSet(q0)) {
            formatter.with("URG", InterruptRemapEntry.URG)
                    .with("PDA", EntryFormatter.hex(InterruptRemapEntry.descriptor(q0, q1)));
        } else {
            formatter.with("DM", InterruptRemapEntry.DM).with("RH", InterruptRemapEntry.RH)
                    .with("TM", InterruptRemapEntry.TM).with("DLM", InterruptRemapEntry.DLM)
                    .with("DST", InterruptRemapEntry.DST);
        }
        formatter.with("V", InterruptRemapEntry.V).with("SID", InterruptRemapEntry.SID)
                .with("SQ", InterruptRemapEntry.SQ).with("SVT", InterruptRemapEntry.SVT)
                .decides(listener, decision(q0, outcome, reserved), lookup);
    }

    /** Tells why a request is blocked before any entry is read. */
    static void tellEarly(long outcome, WalkListener listener) {
        if (listener != WalkListener.NONE && Interrupt.isBlocked(outcome)) {
            FaultReason fault = FaultReason.of(Interrupt.reason(outcome));
            listener.step("Global Status register", VtdRegisters.GSTS.offset(), new long[0],
                    List.of(), EntryFormatter.refusal(
                            fault == FaultReason.INTERRUPT_COMPATIBILITY ? "IRE=1, CFIS=0"
                                    : "IRE=1", fault), CacheLookup.none());
        }
    }

    private static String decision(long q0, long outcome, long[] reserved) {
        if (!Interrupt.isBlocked(outcome)) {
            return "present, " + describe(outcome);
        }
        FaultReason fault = FaultReason.of(Interrupt.reason(outcome));
        return EntryFormatter.refusal(switch (fault) {
            case INTERRUPT_NOT_PRESENT -> "P=0";
            case INTERRUPT_RESERVED -> (reserved[0] | reserved[1]) != 0
                    ? EntryFormatter.reserved(reserved) : "SVT or IM not supported";
            default -> "SID does not fit the requester";
        }, fault);
    }

    /** Returns a delivered or posted message in words. */
    static String describe(long outcome) {
        return Interrupt.isPosted(outcome)
                ? "posted to the descriptor at " + EntryFormatter.hex(Interrupt.descriptor(outcome))
                : "vector " + EntryFormatter.hex(Interrupt.vector(outcome)) + " to APIC id "
                        + EntryFormatter.hex(Interrupt.destination(outcome));
    }
}
