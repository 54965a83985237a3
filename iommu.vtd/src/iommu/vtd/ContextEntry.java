// SPDX-License-Identifier: Apache-2.0
package iommu.vtd;

import static iommu.api.bits.BitField.bit;
import static iommu.api.bits.BitField.bits;

import iommu.api.bits.BitField;

/** Context-entry of legacy mode, 128 bits. Source: VT-d, "Context Entry". */
public final class ContextEntry {

    /** Size of an entry. */
    public static final int BYTES = 16;
    /** Present. */
    public static final BitField P = bit(0);
    /** Fault Processing Disable; looked at even if P is 0. */
    public static final BitField FPD = bit(1);
    /** Translation Type. */
    public static final BitField TT = bits(3, 2);
    /** Reserved, low part. */
    public static final BitField RESERVED_LOW = bits(11, 4);
    /** Second-stage Page-table Pointer, 4 KiB aligned. */
    public static final BitField SSPTPTR = bits(63, 12);
    /** Address Width: 1 for 39, 2 for 48, 3 for 57 bits. */
    public static final BitField AW = bits(66, 64);
    /** Available to software. */
    public static final BitField AVAIL = bits(70, 67);
    /** Reserved, high part. */
    public static final BitField RESERVED_71 = bit(71);
    /** Domain Identifier. */
    public static final BitField DID = bits(87, 72);
    /** Reserved, high part. */
    public static final BitField RESERVED_HIGH = bits(127, 88);

    /** TT: untranslated requests only. */
    public static final int TT_UNTRANSLATED = 0;
    /** TT: all requests, those of a device's own TLB included. */
    public static final int TT_ALL = 1;
    /** TT: untranslated requests pass through. */
    public static final int TT_PASS_THROUGH = 2;

    private ContextEntry() { }
}
