// SPDX-License-Identifier: Apache-2.0
package iommu.amdvi.unit.interrupts;

import iommu.amdvi.EventCode;
import iommu.amdvi.InterruptEntry;
import iommu.amdvi.WideInterruptEntry;
import iommu.amdvi.unit.tables.EntryFormatter;
import iommu.api.unit.CacheLookup;
import iommu.api.unit.Interrupt;
import iommu.api.unit.WalkListener;

/** Tells interrupt entries. Cold. */
public final class InterruptEntryFormatter {

    static final String ENTRY = "interrupt table entry";
    static final String CACHE = "interrupt cache";

    private InterruptEntryFormatter() { }

    /**
     * Tells an entry as memory has it.
     *
     * @param wide whether it has 128 bits; of 32 the word is zero-extended
     * @param outcome packed, what would become of the message by it
     */
    public static void tell(int index, long at, long low, long high, boolean wide, long outcome,
            CacheLookup lookup, WalkListener listener) {
        var formatter = EntryFormatter.entry(ENTRY, at, wide ? new long[] {low, high}
                : new long[] {low})
                .with("index", EntryFormatter.hex(index)).with("RemapEn", InterruptEntry.REMAP_EN)
                .with("SupIOPF", InterruptEntry.SUP_IO_PF)
                .with("IntType", InterruptEntry.INT_TYPE).with("DM", InterruptEntry.DM)
                .with("GuestMode", InterruptEntry.GUEST_MODE);
        if (wide) {
            formatter.with("Destination", EntryFormatter.hex(
                    WideInterruptEntry.destination(low, high)))
                    .with("Vector", WideInterruptEntry.VECTOR);
        } else {
            formatter.with("Destination", InterruptEntry.DESTINATION)
                    .with("Vector", InterruptEntry.VECTOR);
        }
        String decision = !Interrupt.isBlocked(outcome) ? "valid, " + describe(outcome)
                : EntryFormatter.refusal(InterruptEntry.REMAP_EN.isSet(low)
                        ? "IntType or GuestMode not supported" : "RemapEn=0",
                        EventCode.of(Interrupt.reason(outcome)));
        formatter.decides(listener, decision, lookup);
    }

    /** Returns the outcome of a message in words. */
    static String describe(long outcome) {
        if (Interrupt.isBlocked(outcome)) {
            return EventCode.of(Interrupt.reason(outcome)).text();
        }
        return Interrupt.isPosted(outcome)
                ? "posted to " + EntryFormatter.hex(Interrupt.descriptor(outcome))
                : "vector " + EntryFormatter.hex(Interrupt.vector(outcome)) + " to APIC id "
                        + EntryFormatter.hex(Interrupt.destination(outcome));
    }
}
