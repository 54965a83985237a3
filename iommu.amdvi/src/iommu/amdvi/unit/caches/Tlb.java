// SPDX-License-Identifier: Apache-2.0
package iommu.amdvi.unit.caches;

import static iommu.api.bits.BitField.bits;

import iommu.api.bits.BitField;

/**
 * The translation cache: pages as a walk had found them, of any power-of-two size from 4 KiB on,
 * with the rights that the levels of the page table together give. They stay until software
 * invalidates them or others take their place.
 *
 * <p>Tagged by domain id and page, never by device: functions of one domain share stale entries.
 * A device's own rights come from its device table entry. Source: 48882, "INVALIDATE_IOMMU_PAGES".
 */
public final class Tlb extends SetAssociativeCache {

    private static final BitField SHIFT = bits(5, 0);
    private static final BitField DOMAIN = bits(21, 6);
    private static final BitField ADDRESS = bits(51, 12);
    private static final BitField RIGHTS = bits(1, 0);

    /** Addresses of fewer bits have keys of their own. */
    private static final int EXACT = 54;
    private static final int SMALL = 12;

    /** Of each slot the address that it was kept for, then page and rights. */
    private final long[] words;
    private long shiftsInUse;

    /** @param generation grows whenever something is gone or replaced */
    public Tlb(int entries, Generation generation) {
        super(entries, generation);
        words = new long[2 * entries];
    }

    /** A copy that begins as another cache is now. */
    Tlb(Tlb other) {
        super(other);
        words = other.words.clone();
        shiftsInUse = other.shiftsInUse;
    }

    /** Returns a key: exact up to 54 address bits, folded above; slots keep the whole address. */
    private static long key(int domain, long address, int shift) {
        long number = address >>> shift;
        return (number ^ number >>> 42) << 22 | (long) domain << 6 | shift;
    }

    /** Returns the slot that translates an address, or -1. */
    public int find(int domain, long address) {
        for (long left = shiftsInUse; left != 0; left &= left - 1) {
            int shift = Long.numberOfTrailingZeros(left);
            int slot = slotOf(key(domain, address, shift));
            if (slot >= 0 && (words[2 * slot] ^ address) >>> shift == 0) {
                return slot;
            }
        }
        return -1;
    }

    // What find and insert do, in steps, for who looks a page of 4 KiB up and then keeps it.

    /** Returns the key of a page of 4 KiB. */
    public static long smallKey(int domain, long address) {
        return key(domain, address, SMALL);
    }

    /** Returns the first slot of the set of a key. */
    public int set(long smallKey) {
        return first(smallKey);
    }

    /**
     * Returns whether no slot translates an address: its set does not, there are no large pages,
     * and its key is its own. False does not say that one does.
     */
    public boolean lacks(int set, long smallKey, long address) {
        return slotOf(set, smallKey) < 0 && (shiftsInUse & ~(1L << SMALL)) == 0
                && address >>> EXACT == 0;
    }

    /** Keeps a page and its rights for an address that the cache {@link #lacks}. */
    public void fill(int set, long smallKey, long address, long pageAndRights) {
        int slot = placeNew(set, smallKey);
        words[2 * slot] = address;
        words[2 * slot + 1] = pageAndRights;
        shiftsInUse |= 1L << SMALL;
    }

    /** Returns the {@link iommu.api.pcie.Access} bits of a slot. */
    public int rights(int slot) {
        return (int) RIGHTS.of(words[2 * slot + 1]);
    }

    /** Returns the base-2 logarithm of the page size of a slot. */
    public int pageShift(int slot) {
        return (int) SHIFT.of(keyOf(slot));
    }

    /** Returns the physical address of the page of a slot. */
    public long page(int slot) {
        return ADDRESS.inPlace(words[2 * slot + 1]);
    }

    /**
     * Keeps a page for an address that {@link #find} has just not found.
     *
     * @param rights 0 notes that the page is not present
     */
    public void insert(int domain, long address, long newPage, int shift, int rights) {
        long key = key(domain, address, shift);
        // a folded key may be that of another address, whose place it then takes
        int slot = address >>> EXACT == 0 ? placeNew(key) : place(key);
        words[2 * slot] = address;
        words[2 * slot + 1] = newPage | rights;
        shiftsInUse |= 1L << shift;
    }

    /**
     * Drops what covers any of the 2^shift bytes from {@code address}; 64 for all of a domain.
     *
     * @return whether there was anything
     */
    public boolean invalidate(int domain, long address, int shift) {
        boolean dropped = false;
        for (int slot = 0; slot < slots(); slot++) {
            long key = keyOf(slot);
            if (key != 0 && DOMAIN.of(key) == domain) {
                int wide = Math.max(shift, (int) SHIFT.of(key));
                if (wide >= 64 || (words[2 * slot] ^ address) >>> wide == 0) {
                    drop(slot);
                    dropped = true;
                }
            }
        }
        return dropped;
    }

    public void invalidateAll() {
        clear();
        shiftsInUse = 0;
    }
}
