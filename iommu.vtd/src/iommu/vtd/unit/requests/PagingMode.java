// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.unit.requests;

import static iommu.api.bits.BitField.bit;
import static iommu.api.bits.BitField.bits;

import iommu.api.bits.BitField;
import iommu.vtd.PasidEntry;

/**
 * How a PASID entry wants page tables walked, packed into one quadword: the first-stage table, and
 * flags in the low bits that it leaves free. 0 for legacy mode and for pass-through.
 */
public final class PagingMode {

    /** First-stage or nested: the first-stage table counts. */
    public static final BitField FIRST_STAGE = bit(0);
    /** Nested: all that the first stage leads to goes through the second. */
    public static final BitField NESTED = bit(1);
    /** The first-stage table has five levels. */
    static final BitField FIVE_LEVELS = bit(2);
    public static final BitField SRE = bit(3);
    public static final BitField ERE = bit(4);
    public static final BitField WPE = bit(5);
    public static final BitField NXE = bit(6);
    public static final BitField SMEP = bit(7);
    public static final BitField EAFE = bit(8);
    /** Second-stage accessed and dirty bits are kept. */
    public static final BitField SSADE = bit(9);
    /** Walks of page tables snoop the caches of processors. */
    public static final BitField SNOOPED = bit(10);
    /** The first-stage table, 4 KiB aligned. */
    public static final BitField TABLE = bits(63, 12);

    /** PASID of entries that second-stage tables alone gave: they belong to no PASID. */
    public static final int SECOND_STAGE = -1;
    private PagingMode() { }

    public static long of(long q0, long q1, long q2, boolean canSnoop) {
        int type = (int) PasidEntry.PGTT.of(q0);
        boolean nested = type == PasidEntry.PGTT_NESTED;
        long flags = nested ? FIRST_STAGE.mask() | NESTED.mask()
                : type == PasidEntry.PGTT_FIRST_STAGE ? FIRST_STAGE.mask() : 0;
        long table = flags == 0 ? 0 : PasidEntry.FSPTPTR.inPlace(q2);
        if (PasidEntry.FSPM.of(q2) == PasidEntry.FIVE_LEVELS) {
            flags |= FIVE_LEVELS.mask();
        }
        flags |= SRE.with(0, PasidEntry.SRE.of(q2)) | ERE.with(0, PasidEntry.ERE.of(q2))
                | WPE.with(0, PasidEntry.WPE.of(q2)) | NXE.with(0, PasidEntry.NXE.of(q2))
                | SMEP.with(0, PasidEntry.SMEP.of(q2)) | EAFE.with(0, PasidEntry.EAFE.of(q2))
                | SSADE.with(0, PasidEntry.SSADE.of(q0));
        boolean snooped = canSnoop && PasidEntry.PWSNP.isSet(q1);
        return table | flags | (snooped ? SNOOPED.mask() : 0);
    }

    /** As QEMU walks first-stage tables: of the flags none counts. */
    public static long ofQemu(long q2) {
        return PasidEntry.FSPTPTR.inPlace(q2) | FIRST_STAGE.mask() | WPE.mask() | NXE.mask()
                | SNOOPED.mask();
    }

    public static int firstStageLevels(long paging) {
        return FIVE_LEVELS.isSet(paging) ? 5 : 4;
    }

    /** Returns what tags cached translations: first-stage and nested ones belong to a PASID. */
    public static int tag(long context, long paging) {
        return FIRST_STAGE.isSet(paging) ? (int) ContextTag.PASID.of(context) : SECOND_STAGE;
    }
}
