// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.unit;

import static iommu.api.bits.BitField.bit;
import static iommu.api.bits.BitField.bits;

import iommu.api.bits.BitField;
import iommu.vtd.ScalableContextEntry;

/** What a context entry lets its source do, packed as the context cache keeps it. */
final class SourceTraits {

    /** Translation and translated requests: TT 01b, or DTE. */
    static final BitField DEVICE_TLB = bit(0);
    static final BitField PASIDE = bit(1);
    static final BitField PRE = bit(2);
    static final BitField RID_PRIV = bit(3);
    static final BitField PDTS = bits(6, 4);

    private SourceTraits() { }

    static int ofScalable(long q0, long q1) {
        return (int) (DEVICE_TLB.with(0, ScalableContextEntry.DTE.of(q0))
                | PASIDE.with(0, ScalableContextEntry.PASIDE.of(q0))
                | PRE.with(0, ScalableContextEntry.PRE.of(q0))
                | RID_PRIV.with(0, ScalableContextEntry.RID_PRIV.of(q1))
                | PDTS.with(0, ScalableContextEntry.PDTS.of(q0)));
    }

    /** Returns how many PASIDs the directory covers. */
    static long pasids(int traits) {
        return ScalableContextEntry.pasids(ScalableContextEntry.PDTS.with(0, PDTS.of(traits)));
    }
}
