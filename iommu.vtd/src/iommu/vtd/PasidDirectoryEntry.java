// SPDX-License-Identifier: Apache-2.0
package iommu.vtd;

import static iommu.api.bits.BitField.bit;
import static iommu.api.bits.BitField.bits;

import iommu.api.bits.BitField;

/** PASID-directory entry, 64 bits. Source: VT-d, "Scalable-Mode PASID Directory Entry". */
public final class PasidDirectoryEntry {

    /** Size of an entry. */
    public static final int BYTES = 8;
    /** PASIDs that one directory entry covers, as a shift. */
    public static final int SHIFT = 6;
    /** Present. */
    public static final BitField P = bit(0);
    /** Fault Processing Disable. */
    public static final BitField FPD = bit(1);
    /** Reserved. */
    public static final BitField RESERVED = bits(11, 2);
    /** Pointer to a table of 64 PASID entries, 4 KiB aligned. */
    public static final BitField SMPTBLPTR = bits(63, 12);

    private PasidDirectoryEntry() { }
}
