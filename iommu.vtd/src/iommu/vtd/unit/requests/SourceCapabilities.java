// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.unit.requests;

import static iommu.api.bits.BitField.bit;
import static iommu.api.bits.BitField.bits;

import iommu.api.bits.BitField;
import iommu.vtd.ScalableContextEntry;

/** What a context entry lets its source do, packed as the context cache keeps it. */
public final class SourceCapabilities {

    /** Translation and translated requests: TT 01b, or DTE. */
    public static final BitField DEVICE_TLB = bit(0);
    public static final BitField PASIDE = bit(1);
    public static final BitField PRE = bit(2);
    public static final BitField RID_PRIV = bit(3);
    static final BitField PDTS = bits(6, 4);

    private SourceCapabilities() { }

    public static int ofScalable(long q0, long q1) {
        return (int) (DEVICE_TLB.with(0, ScalableContextEntry.DTE.of(q0))
                | PASIDE.with(0, ScalableContextEntry.PASIDE.of(q0))
                | PRE.with(0, ScalableContextEntry.PRE.of(q0))
                | RID_PRIV.with(0, ScalableContextEntry.RID_PRIV.of(q1))
                | PDTS.with(0, ScalableContextEntry.PDTS.of(q0)));
    }

    /** Returns how many PASIDs the directory covers. */
    public static long pasids(int packed) {
        return ScalableContextEntry.pasids(ScalableContextEntry.PDTS.with(0, PDTS.of(packed)));
    }
}
