// SPDX-License-Identifier: Apache-2.0
package iommu.legacy.gart;

import static iommu.api.bits.BitField.bit;

import iommu.api.bits.BitField;

/**
 * An entry of the table (GATT): 32 bits for a page of 4 KiB below 1 TiB. There are no rights.
 *
 * <p>Source: Linux, amd_gart_64.c, GPTE_ENCODE and GPTE_DECODE.
 */
public final class GattEntry {

    /** Length of an entry. */
    public static final int BYTES = 4;
    /** Base-2 logarithm of what an entry maps. */
    public static final int PAGE_SHIFT = 12;
    /** Addresses from here on have no entry. */
    public static final long PHYSICAL_END = 1L << 40;

    /** The entry leads somewhere. */
    public static final BitField VALID = bit(0);
    /** Caches are looked into. */
    public static final BitField COHERENT = bit(1);

    private static final long LOW_PAGE = 0xffff_f000L;
    private static final long HIGH_PAGE = 0xff0;
    private static final int HIGH_SHIFT = 28;

    private GattEntry() { }

    /** Returns the entry of a page, valid and coherent; 32 bits. */
    public static long of(long physicalAddress) {
        return physicalAddress & LOW_PAGE | physicalAddress >>> HIGH_SHIFT & HIGH_PAGE
                | VALID.mask() | COHERENT.mask();
    }

    /** Returns the page that an entry leads to. */
    public static long page(long entry) {
        return entry & LOW_PAGE | (entry & HIGH_PAGE) << HIGH_SHIFT;
    }
}
