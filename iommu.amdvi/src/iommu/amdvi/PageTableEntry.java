// SPDX-License-Identifier: Apache-2.0
package iommu.amdvi;

import static iommu.api.bits.BitField.bit;
import static iommu.api.bits.BitField.bits;

import iommu.api.bits.BitField;

/**
 * Entry of a host page table at any level, 64 bits: with Next Level 1 to 6 a directory entry (PDE),
 * with 0 or 7 a translation entry (PTE).
 *
 * <p>Source: 48882, "I/O Page Tables for Host Translations" and "Page Table Level Parameters".
 */
public final class PageTableEntry {

    /** Size of an entry: 512 of them in a table. */
    public static final int BYTES = 8;
    /** Present. */
    public static final BitField PR = bit(0);
    /** Accessed. */
    public static final BitField A = bit(5);
    /** Dirty. */
    public static final BitField D = bit(6);
    /** Next Level: of the table below; levels may be skipped. */
    public static final BitField NEXT_LEVEL = bits(11, 9);
    /** Address of the next table or of the page. */
    public static final BitField ADDRESS = bits(51, 12);
    /** Untranslated access allowed (ATS). */
    public static final BitField U = bit(59);
    /** Forced Coherent. */
    public static final BitField FC = bit(60);
    /** I/O Read Permission. */
    public static final BitField IR = bit(61);
    /** I/O Write Permission. */
    public static final BitField IW = bit(62);

    /** NEXT_LEVEL of a page as large as an entry of its table covers. */
    public static final int PAGE = 0;
    /** NEXT_LEVEL of a page whose size its address tells. */
    public static final int PAGE_OF_ENCODED_SIZE = 7;
    /** Highest level that a table can have. */
    public static final int MAX_LEVEL = 6;

    private PageTableEntry() { }

    /** Returns the base-2 logarithm of what one entry at {@code level} covers; level 1: 4 KiB. */
    public static int shift(int level) {
        return 3 + 9 * level;
    }

    /** Returns the index of {@code address} in a table at {@code level}. */
    public static int index(long address, int level) {
        return (int) (address >>> shift(level)) & 0x1ff;
    }

    /**
     * Returns the base-2 logarithm of the page size that the address of an entry tells: its lowest
     * bit that is 0, counted from bit 12, is half of it.
     */
    public static int encodedShift(long entry) {
        return Long.numberOfTrailingZeros(~(entry | 0xfff)) + 1;
    }

    /** Returns the address field of a page of 2^shift bytes, its size told by the low bits. */
    public static long encodedAddress(long page, int shift) {
        long size = 1L << shift;
        return (page & -size | (size >>> 1) - 1) & ADDRESS.mask();
    }
}
