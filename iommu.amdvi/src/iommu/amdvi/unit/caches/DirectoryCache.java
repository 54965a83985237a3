// SPDX-License-Identifier: Apache-2.0
package iommu.amdvi.unit.caches;

import static iommu.api.bits.BitField.bits;

import iommu.amdvi.PageTableEntry;
import iommu.api.bits.BitField;
import java.util.Arrays;

/**
 * The cache of page directory entries: which table translates a range of a domain, and the rights
 * that the levels above it leave. A walk begins at the lowest table known here, whatever root the
 * device table entry has.
 *
 * <p>Tagged by domain id, level and address, never by device or root. Source: 48882,
 * "INVALIDATE_IOMMU_PAGES", PDE.
 */
public final class DirectoryCache extends SetAssociativeCache {

    /** Level of the table, 1 to 5; never 0, so that no key is. */
    private static final BitField LEVEL = bits(2, 0);
    private static final BitField DOMAIN = bits(18, 3);
    /** Address bits above what the table covers, right-aligned: at most 64 - 21. */
    private static final BitField PREFIX = bits(61, 19);
    private static final BitField RIGHTS = bits(1, 0);
    private static final BitField TABLE_LEVEL = bits(4, 2);

    /** No table. */
    public static final long NONE = 0;

    private static final int LOWEST = 1;
    private static final int HIGHEST = PageTableEntry.MAX_LEVEL - 1;

    private static final int NOWHERE = -1;

    /** Address, level and rights of the table of each slot. */
    private final long[] tables;
    /** Of each slot where the table's words were found, or {@link #NOWHERE}. */
    private final int[] places;

    /** Makes an empty one. */
    public DirectoryCache(int entries) {
        super(entries, new Generation());
        tables = new long[entries];
        places = new int[entries];
        Arrays.fill(places, NOWHERE);
    }

    /** A copy that begins as another cache is now, and does not know any places yet. */
    DirectoryCache(DirectoryCache other) {
        super(other);
        tables = other.tables.clone();
        places = new int[tables.length];
        Arrays.fill(places, NOWHERE);
    }

    private static long key(int domain, long address, int level) {
        return prefix(address, level) << 19 | (long) domain << 3 | level;
    }

    private static long prefix(long address, int level) {
        return address >>> PageTableEntry.shift(level + 1);
    }

    /** Returns the lowest table below {@code top} that translates, packed; 0 for none. */
    public long find(int domain, long address, int top) {
        return find(domain, address, LOWEST, top);
    }

    /** Returns the same where {@link #lowest} has just found none. */
    public long findAbove(int domain, long address, int top) {
        return find(domain, address, LOWEST + 1, top);
    }

    private long find(int domain, long address, int from, int top) {
        for (int level = from; level < top; level++) {
            long known = at(domain, address, level);
            if (known != NONE) {
                return known;
            }
        }
        return NONE;
    }

    /** Returns the slot of the table of the lowest level, or -1. Most requests need no more. */
    public int lowest(int domain, long address) {
        return slotOfKept(key(domain, address, LOWEST));
    }

    /** Returns the table of a slot, packed. */
    public long known(int slot) {
        return tables[slot];
    }

    /** Returns what {@link #place(int, int)} noted of a table since it is kept, or -1. */
    public int place(int slot) {
        return places[slot];
    }

    /** Notes where the words of a table are found; no part of what a unit keeps. */
    public void place(int slot, int place) {
        places[slot] = place;
    }

    /** Returns the table of a level, packed; 0 for none. */
    public long at(int domain, long address, int level) {
        int slot = slotOf(key(domain, address, level));
        return slot < 0 ? NONE : tables[slot];
    }

    /** Returns the level of a table that {@link #find} gave. */
    public static int level(long known) {
        return (int) TABLE_LEVEL.of(known);
    }

    /** Returns the address of a table that {@link #find} gave. */
    public static long table(long known) {
        return PageTableEntry.ADDRESS.inPlace(known);
    }

    /** Returns the rights that the levels above such a table leave. */
    public static int rights(long known) {
        return (int) RIGHTS.of(known);
    }

    /**
     * Keeps a table that {@link #find} has just not found, of a level that can be below another:
     * after that no key of a lower level than it gave has a slot, and keys are exact.
     */
    public void insert(int domain, long address, int level, long newTable, int rights) {
        if (level <= HIGHEST) {
            int slot = placeNew(key(domain, address, level));
            tables[slot] = TABLE_LEVEL.with(newTable, level) | rights;
            places[slot] = NOWHERE;
        }
    }

    /**
     * Drops the entries of a domain for any of the 2^shift bytes from {@code address}.
     *
     * @return whether there was one
     */
    public boolean invalidate(int domain, long address, int shift) {
        boolean dropped = false;
        for (int slot = 0; slot < slots(); slot++) {
            long key = keyOf(slot);
            if (key != 0 && DOMAIN.of(key) == domain) {
                int covers = PageTableEntry.shift((int) LEVEL.of(key) + 1);
                int wide = Math.max(0, shift - covers);
                if (shift >= 64 || (PREFIX.of(key) ^ address >>> covers) >>> wide == 0) {
                    drop(slot);
                    dropped = true;
                }
            }
        }
        return dropped;
    }

    public void invalidateAll() {
        clear();
    }
}
