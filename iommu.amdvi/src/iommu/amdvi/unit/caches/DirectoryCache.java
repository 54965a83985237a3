// SPDX-License-Identifier: Apache-2.0
package iommu.amdvi.unit.caches;

import static iommu.api.bits.BitField.bits;

import iommu.amdvi.PageTableEntry;
import iommu.api.bits.BitField;

/**
 * The cache of page directory entries: which table translates a range of a domain, and the rights
 * that the levels above it leave. A walk begins at the lowest table known here, whatever root the
 * device table entry has.
 *
 * <p>Tagged by domain id, level and address, never by device or root. Source: 48882,
 * "INVALIDATE_IOMMU_PAGES", PDE.
 */
public final class DirectoryCache {

    /** Level of the table, 1 to 5; never 0, so that no key is. */
    private static final BitField LEVEL = bits(2, 0);
    private static final BitField DOMAIN = bits(18, 3);
    /** Address bits above what the table covers, right-aligned: at most 64 - 21. */
    private static final BitField PREFIX = bits(61, 19);
    private static final BitField RIGHTS = bits(1, 0);

    private static final int LOWEST = 1;
    private static final int HIGHEST = PageTableEntry.MAX_LEVEL - 1;

    private final SetAssociativeCache ways;
    private final long[] table;

    public DirectoryCache(int entries) {
        ways = new SetAssociativeCache(entries);
        table = new long[entries];
    }

    /** A copy that begins as another cache is now. */
    DirectoryCache(DirectoryCache other) {
        ways = new SetAssociativeCache(other.ways);
        table = other.table.clone();
    }

    private static long key(int domain, long address, int level) {
        return prefix(address, level) << 19 | (long) domain << 3 | level;
    }

    private static long prefix(long address, int level) {
        return address >>> PageTableEntry.shift(level + 1);
    }

    /** Returns the slot of the lowest table below {@code top} that translates, or -1. */
    public int find(int domain, long address, int top) {
        for (int level = LOWEST; level < top; level++) {
            int slot = ways.find(key(domain, address, level));
            if (slot >= 0) {
                return slot;
            }
        }
        return -1;
    }

    /** Returns the slot of the table of a level, or -1. */
    public int slot(int domain, long address, int level) {
        return ways.find(key(domain, address, level));
    }

    public int level(int slot) {
        return (int) LEVEL.of(ways.key(slot));
    }

    public long table(int slot) {
        return PageTableEntry.ADDRESS.inPlace(table[slot]);
    }

    public int rights(int slot) {
        return (int) RIGHTS.of(table[slot]);
    }

    /** Keeps a table of a level that can be below another. */
    public void insert(int domain, long address, int level, long newTable, int rights) {
        if (level <= HIGHEST) {
            table[ways.place(key(domain, address, level))] = newTable | rights;
        }
    }

    /**
     * Drops the entries of a domain for any of the 2^shift bytes from {@code address}.
     *
     * @return whether there was one
     */
    public boolean invalidate(int domain, long address, int shift) {
        boolean dropped = false;
        for (int slot = 0; slot < ways.size(); slot++) {
            long key = ways.key(slot);
            if (key != 0 && DOMAIN.of(key) == domain) {
                int covers = PageTableEntry.shift((int) LEVEL.of(key) + 1);
                int wide = Math.max(0, shift - covers);
                if (shift >= 64 || (PREFIX.of(key) ^ address >>> covers) >>> wide == 0) {
                    ways.free(slot);
                    dropped = true;
                }
            }
        }
        return dropped;
    }

    public void invalidateAll() {
        ways.clear();
    }
}
