// SPDX-License-Identifier: Apache-2.0
package iommu.vtd;

import static iommu.api.bits.BitField.bit;
import static iommu.api.bits.BitField.bits;

import iommu.api.bits.BitField;

/**
 * Entry of a first-stage page table at any level, 64 bits, as processors have them. Places are
 * those of {@link SecondStageEntry}: nine bits of the address a level.
 *
 * <p>Source: VT-d, "First-Stage Paging Entries".
 */
public final class FirstStageEntry {

    /** Size of an entry: 512 of them in a table. */
    public static final int BYTES = 8;
    /** Present. */
    public static final BitField P = bit(0);
    /** Read/Write: 0 for read-only. */
    public static final BitField RW = bit(1);
    /** User/Supervisor: 1 for user. */
    public static final BitField US = bit(2);
    /** Page-level Write-Through. */
    public static final BitField PWT = bit(3);
    /** Page-level Cache Disable. */
    public static final BitField PCD = bit(4);
    /** Accessed. */
    public static final BitField A = bit(5);
    /** Dirty, of a leaf. */
    public static final BitField D = bit(6);
    /** Page Size: this entry maps a page of 2 MiB (level 2) or 1 GiB (level 3). */
    public static final BitField PS = bit(7);
    /** Global, of a leaf. */
    public static final BitField G = bit(8);
    /** Extended Accessed; used while EAFE is set in the PASID entry. */
    public static final BitField EA = bit(10);
    /** Page Attribute, of a large leaf. */
    public static final BitField PAT_LARGE = bit(12);
    /** Address of the next table or of the page, 4 KiB aligned. */
    public static final BitField ADDR = bits(51, 12);
    /** Execute Disable; reserved while NXE is clear in the PASID entry. */
    public static final BitField XD = bit(63);

    private FirstStageEntry() { }
}
