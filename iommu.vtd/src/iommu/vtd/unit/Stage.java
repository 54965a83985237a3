// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.unit;

import static iommu.api.bits.BitField.bit;
import static iommu.api.bits.BitField.bits;

import iommu.api.bits.BitField;
import iommu.vtd.FaultReason;

/**
 * How the requests of one source, or of one PASID of it, are translated, packed into one quadword
 * as the caches keep it; beside it goes the address of the second-stage table. A scalable-mode
 * context entry is kept in the same form: its PASID is RID_PASID, its table the PASID directory.
 */
final class Stage {

    static final BitField SOURCE = bits(15, 0);
    static final BitField DOMAIN = bits(31, 16);
    static final BitField PASID = bits(51, 32);
    /** Levels of the second-stage table; 0 if there is none. */
    static final BitField LEVELS = bits(54, 52);
    static final BitField FAULTS_DISABLED = bit(55);
    static final BitField SCALABLE = bit(56);
    /** Bits of an input address of the second stage, less 1. */
    static final BitField WIDTH = bits(62, 57);
    static final BitField VALID = bit(63);

    private static final int FAULT = 7;

    private Stage() { }

    static long of(int source, long domain, long pasid, int levels, int width) {
        return VALID.mask() | SOURCE.with(0, source) | DOMAIN.with(0, domain)
                | PASID.with(0, pasid) | LEVELS.with(0, levels) | WIDTH.with(0, width - 1);
    }

    /**
     * Returns what stands for a fault that is cached, as units in caching mode do, under domain 0;
     * the reason goes where the table goes else.
     */
    static long ofFault(int source, long pasid, boolean faultsDisabled) {
        return of(source, 0, pasid, FAULT, 1) | (faultsDisabled ? FAULTS_DISABLED.mask() : 0);
    }

    /** Returns the fault that a cached stage and its table stand for, or null. */
    static FaultReason fault(long stage, long table) {
        return LEVELS.of(stage) == FAULT ? FaultReason.of((int) table) : null;
    }

    /** Of a stage without first-stage table. */
    static boolean passesThrough(long stage) {
        return LEVELS.of(stage) == 0;
    }

    /** Returns whether it is one of legacy mode with a second-stage table. */
    static boolean usual(long stage) {
        int levels = (int) LEVELS.of(stage);
        return !SCALABLE.isSet(stage) && levels != 0 && levels != FAULT;
    }

    /** Returns whether an address fits the second-stage table and the unit. */
    static boolean covers(long stage, long address) {
        return address >>> WIDTH.of(stage) >>> 1 == 0;
    }
}
