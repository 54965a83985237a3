// SPDX-License-Identifier: Apache-2.0
package iommu.vtd;

import static iommu.api.bits.BitField.bit;
import static iommu.api.bits.BitField.bits;

import iommu.api.bits.BitField;

/** Context-entry of scalable mode, 256 bits. Source: VT-d, "Scalable-Mode Context-Entry". */
public final class ScalableContextEntry {

    /** Size of an entry: 128 of them in a page. */
    public static final int BYTES = 32;
    /** Present. */
    public static final BitField P = bit(0);
    /** Fault Processing Disable; looked at even if P is 0. */
    public static final BitField FPD = bit(1);
    /** Device-TLB Enable. */
    public static final BitField DTE = bit(2);
    /** PASID Enable. */
    public static final BitField PASIDE = bit(3);
    /** Page Request Enable. */
    public static final BitField PRE = bit(4);
    /** Reserved, low part. */
    public static final BitField RESERVED_LOW = bits(8, 5);
    /** PASID Directory Size: 2^(PDTS + 7) entries. */
    public static final BitField PDTS = bits(11, 9);
    /** PASID Directory Pointer, 4 KiB aligned. */
    public static final BitField PASIDDIRPTR = bits(63, 12);
    /** The PASID that requests without one are given. */
    public static final BitField RID_PASID = bits(83, 64);
    /** Privilege of requests without PASID. */
    public static final BitField RID_PRIV = bit(84);
    /** Reserved, second quadword. */
    public static final BitField RESERVED_HIGH = bits(127, 85);

    private ScalableContextEntry() { }

    /** Returns how many PASIDs the directory of an entry covers. */
    public static long pasids(long q0) {
        return 1L << PDTS.of(q0) + 7 + 6;
    }
}
