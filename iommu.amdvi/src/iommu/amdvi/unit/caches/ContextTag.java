// SPDX-License-Identifier: Apache-2.0
package iommu.amdvi.unit.caches;

import static iommu.api.bits.BitField.bit;
import static iommu.api.bits.BitField.bits;

import iommu.amdvi.DeviceTableEntry;
import iommu.amdvi.PageTableEntry;
import iommu.api.bits.BitField;

/**
 * What a device table entry says about the DMA of its device, packed into one quadword as the DTE
 * cache keeps it; beside it go the root of the page table and the interrupt quadword.
 */
public final class ContextTag {

    public static final BitField DOMAIN = bits(15, 0);
    /** Levels of the page table; 0 for none. */
    public static final BitField LEVELS = bits(18, 16);
    /** {@link iommu.api.pcie.Access} bits of the entry. */
    public static final BitField RIGHTS = bits(20, 19);
    /** The entry is valid; otherwise requests are forwarded unchanged. */
    public static final BitField VALID = bit(21);
    /** The entry's translation information is valid; otherwise requests are blocked. */
    public static final BitField TRANSLATES = bit(22);
    /** No fault is logged. */
    public static final BitField SUPPRESS_ALL = bit(23);
    /** Only the first fault is logged. */
    public static final BitField SUPPRESS_FURTHER = bit(24);
    /** The exclusion range applies. */
    public static final BitField EXCLUDES = bit(25);
    /** A fault was logged since the entry was cached. */
    public static final BitField FAULTED = bit(26);

    /** Valid, with a page table; then the next field counts. */
    public static final BitField WALKS = bit(27);
    /** One less than the address bits that the page table translates: at most 63. */
    public static final BitField REACH = bits(33, 28);

    private ContextTag() { }

    /** Returns the tag of an entry's first two quadwords. */
    public static long of(long q0, long q1) {
        int levels = (int) DeviceTableEntry.MODE.of(q0);
        boolean walks = DeviceTableEntry.V.isSet(q0) && DeviceTableEntry.TV.isSet(q0) && levels > 0;
        int reach = Math.min(PageTableEntry.shift(levels + 1), Long.SIZE);
        return WALKS.with(REACH.with(0, reach - 1), walks ? 1 : 0)
                | DOMAIN.with(0, DeviceTableEntry.DOMAIN_ID.of(q1))
                | LEVELS.with(0, DeviceTableEntry.MODE.of(q0))
                | RIGHTS.with(0, rights(q0))
                | VALID.with(0, DeviceTableEntry.V.of(q0))
                | TRANSLATES.with(0, DeviceTableEntry.TV.of(q0))
                | SUPPRESS_ALL.with(0, DeviceTableEntry.SA.of(q1))
                | SUPPRESS_FURTHER.with(0, DeviceTableEntry.SE.of(q1))
                | EXCLUDES.with(0, DeviceTableEntry.EX.of(q1));
    }

    /**
     * Returns whether a request is to be looked up in the page table: the entry is valid, grants
     * the access, and its table reaches the address.
     */
    public static boolean admits(long tag, long address, int access) {
        return WALKS.isSet(tag) && (RIGHTS.of(tag) & access) == access
                && address >>> 1 >>> REACH.of(tag) == 0;
    }

    /** Returns the {@link iommu.api.pcie.Access} bits of IR and IW, which lie alike everywhere. */
    public static int rights(long entry) {
        return (int) (entry >>> 61) & 3;
    }
}
