// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.unit;

import static iommu.api.bits.BitField.bit;
import static iommu.api.bits.BitField.bits;

import iommu.api.bits.BitField;

/**
 * How the requests of one source are translated, packed into one quadword as the context cache
 * keeps it; beside it goes the address of the second-stage table.
 */
final class Stage {

    static final BitField SOURCE = bits(15, 0);
    static final BitField DOMAIN = bits(31, 16);
    static final BitField PASID = bits(51, 32);
    /** Levels of the second-stage table; 0 when requests pass through. */
    static final BitField LEVELS = bits(54, 52);
    static final BitField FAULTS_DISABLED = bit(55);
    static final BitField SCALABLE = bit(56);
    /** Bits of an input address, less 1. */
    static final BitField WIDTH = bits(62, 57);
    static final BitField VALID = bit(63);

    private Stage() { }

    static long of(int source, long domain, long pasid, int levels, int width) {
        return VALID.mask() | SOURCE.with(0, source) | DOMAIN.with(0, domain)
                | PASID.with(0, pasid) | LEVELS.with(0, levels) | WIDTH.with(0, width - 1);
    }

    static boolean passesThrough(long stage) {
        return LEVELS.of(stage) == 0;
    }

    /** Returns whether an input address fits the table and the unit. */
    static boolean covers(long stage, long address) {
        return address >>> WIDTH.of(stage) >>> 1 == 0;
    }
}
