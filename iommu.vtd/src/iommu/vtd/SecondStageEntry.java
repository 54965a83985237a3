// SPDX-License-Identifier: Apache-2.0
package iommu.vtd;

import static iommu.api.bits.BitField.bit;
import static iommu.api.bits.BitField.bits;

import iommu.api.bits.BitField;

/**
 * Entry of a second-stage page table at any level, 64 bits; not present while R and W are 0.
 *
 * <p>Source: VT-d, "Second-Stage Paging Entries".
 */
public final class SecondStageEntry {

    /** Size of an entry: 512 of them in a table. */
    public static final int BYTES = 8;
    /** Read. */
    public static final BitField R = bit(0);
    /** Write. */
    public static final BitField W = bit(1);
    /** Extended Memory Type. */
    public static final BitField EMT = bits(5, 3);
    /** Ignore PAT. */
    public static final BitField IPAT = bit(6);
    /** Page Size: this entry maps a page of 2 MiB (level 2) or 1 GiB (level 3). */
    public static final BitField PS = bit(7);
    /** Accessed. */
    public static final BitField A = bit(8);
    /** Dirty. */
    public static final BitField D = bit(9);
    /** Snoop Behaviour, of a leaf. */
    public static final BitField SNP = bit(11);
    /** Address of the next table or of the page, 4 KiB aligned. */
    public static final BitField ADDR = bits(51, 12);
    /** Transient Mapping, of a leaf. */
    public static final BitField TM = bit(62);

    private SecondStageEntry() { }

    /**
     * Returns the base-2 logarithm of what one entry at {@code level} covers; level 1 is a page.
     */
    public static int shift(int level) {
        return 3 + 9 * level;
    }

    /** Returns the index of {@code address} in a table at {@code level}. */
    public static int index(long address, int level) {
        return (int) (address >>> shift(level)) & 0x1ff;
    }
}
