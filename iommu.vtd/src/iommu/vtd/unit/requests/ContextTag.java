// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.unit.requests;

import static iommu.api.bits.BitField.bit;
import static iommu.api.bits.BitField.bits;

import iommu.api.bits.BitField;
import iommu.vtd.FaultReason;

/**
 * How the requests of one source, or of one PASID of it, are translated, packed into one quadword
 * as the caches keep it; beside it goes the address of the second-stage table. A scalable-mode
 * context entry is kept in the same form: its PASID is RID_PASID, its table the PASID directory.
 */
public final class ContextTag {

    public static final BitField SOURCE = bits(15, 0);
    public static final BitField DOMAIN = bits(31, 16);
    public static final BitField PASID = bits(51, 32);
    /** Levels of the second-stage table; 0 if there is none. */
    public static final BitField LEVELS = bits(54, 52);
    public static final BitField FAULTS_DISABLED = bit(55);
    public static final BitField SCALABLE = bit(56);
    /** Bits of an input address of the second stage, less 1. */
    public static final BitField WIDTH = bits(62, 57);
    public static final BitField VALID = bit(63);

    /** Pass-through is granted a page at a time. */
    public static final int PASS_THROUGH_SHIFT = 12;
    private static final int FAULT = 7;

    private ContextTag() { }

    public static long of(int source, long domain, long pasid, int levels, int width) {
        return VALID.mask() | SOURCE.with(0, source) | DOMAIN.with(0, domain)
                | PASID.with(0, pasid) | LEVELS.with(0, levels) | WIDTH.with(0, width - 1);
    }

    /**
     * Returns what stands for a fault that is cached, as units in caching mode do, under domain 0;
     * the reason goes where the table goes else.
     */
    public static long ofFault(int source, long pasid, boolean faultsDisabled) {
        return of(source, 0, pasid, FAULT, 1) | (faultsDisabled ? FAULTS_DISABLED.mask() : 0);
    }

    /** Returns the fault that a cached stage and its table stand for, or null. */
    public static FaultReason fault(long context, long table) {
        return LEVELS.of(context) == FAULT ? FaultReason.of((int) table) : null;
    }

    /** Of a stage without first-stage table. */
    public static boolean passesThrough(long context) {
        return LEVELS.of(context) == 0;
    }

    /** Returns whether it is one of legacy mode with a second-stage table. */
    public static boolean usual(long context) {
        int levels = (int) LEVELS.of(context);
        return !SCALABLE.isSet(context) && levels != 0 && levels != FAULT;
    }

    /** Returns the end of the addresses that fit, or the highest that there is. */
    public static long end(long context) {
        long bits = WIDTH.of(context) + 1;
        return bits >= 63 ? Long.MAX_VALUE : 1L << bits;
    }

    /** Returns whether an address fits the second-stage table and the unit. */
    public static boolean covers(long context, long address) {
        return address >>> WIDTH.of(context) >>> 1 == 0;
    }
}
