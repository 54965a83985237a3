// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.unit;

import iommu.api.unit.CacheLookup;
import java.util.Arrays;

/**
 * The paging-structure caches: which table of each level below the top a range of addresses has,
 * and the rights of the entries above it. A walk starts at the lowest table known. Entries stay
 * until software invalidates them without the hint that only leaves changed.
 *
 * <p>Tagged by domain id, PASID (first-stage and nested) and address; direct-mapped. Source: VT-d,
 * "Paging-structure Caches".
 */
final class StructureCache {

    private static final int LOWEST = 1;
    private static final int HIGHEST = 3;
    private static final long VALID = 1L << 62;
    private static final int ADDRESS_BITS = 57;

    private final int mask;
    private final long[][] key = new long[HIGHEST + 1][];
    private final int[][] pasid = new int[HIGHEST + 1][];
    private final long[][] value = new long[HIGHEST + 1][];
    private final boolean[][] nested = new boolean[HIGHEST + 1][];

    /** @param entries of each level, a power of two; 0 for a unit that has none */
    StructureCache(int entries) {
        mask = entries - 1;
        for (int level = LOWEST; level <= HIGHEST; level++) {
            key[level] = new long[entries];
            pasid[level] = new int[entries];
            value[level] = new long[entries];
            nested[level] = new boolean[entries];
        }
    }

    /** Returns one of its own with the same entries. */
    StructureCache copy() {
        var made = new StructureCache(mask + 1);
        for (int level = LOWEST; level <= HIGHEST; level++) {
            made.key[level] = key[level].clone();
            made.pasid[level] = pasid[level].clone();
            made.value[level] = value[level].clone();
            made.nested[level] = nested[level].clone();
        }
        return made;
    }

    private static long prefix(long address, int level) {
        return (address & (1L << ADDRESS_BITS) - 1) >>> shift(level);
    }

    /** What one table of a level covers. */
    private static int shift(int level) {
        return 12 + 9 * level;
    }

    private int slot(int domain, long prefix, int ofPasid) {
        return (int) (prefix ^ prefix >>> 9 ^ domain * 0x9e37L ^ ofPasid) & mask;
    }

    /** Returns the lowest level whose table is known for an address, or 0. */
    int find(int domain, int ofPasid, long address) {
        if (mask < 0) {
            return 0;
        }
        for (int level = LOWEST; level <= HIGHEST; level++) {
            long prefix = prefix(address, level);
            int slot = slot(domain, prefix, ofPasid);
            if (key[level][slot] == (VALID | prefix << 16 | domain)
                    && pasid[level][slot] == ofPasid) {
                return level;
            }
        }
        return 0;
    }

    /** Returns what {@link #insert} kept: a table, and rights in the low bits. */
    long value(int domain, int ofPasid, long address, int level) {
        return value[level][slot(domain, prefix(address, level), ofPasid)];
    }

    /** Keeps the table of a level that an address leads to, with rights in its low bits. */
    void insert(int domain, int ofPasid, long address, int level, long tableAndRights,
            boolean ofNested) {
        if (mask < 0 || level > HIGHEST) {
            return;
        }
        long prefix = prefix(address, level);
        int slot = slot(domain, prefix, ofPasid);
        key[level][slot] = VALID | prefix << 16 | domain;
        pasid[level][slot] = ofPasid;
        value[level][slot] = tableAndRights;
        nested[level][slot] = ofNested;
    }

    /**
     * Returns what is known of the entry that leads to the table of a level.
     *
     * @param now table and rights that memory leads to, or -1 for none
     */
    CacheLookup lookup(int domain, int ofPasid, long address, int level, long now) {
        if (mask < 0 || level < LOWEST || level > HIGHEST) {
            return CacheLookup.none();
        }
        long prefix = prefix(address, level);
        int slot = slot(domain, prefix, ofPasid);
        boolean held = key[level][slot] == (VALID | prefix << 16 | domain)
                && pasid[level][slot] == ofPasid;
        long known = value[level][slot];
        return !held ? CacheLookup.miss(PageTableNarration.STRUCTURES)
                : CacheLookup.hit(PageTableNarration.STRUCTURES, PageTableNarration.held(known),
                        known != now);
    }

    void invalidateAll() {
        for (int level = LOWEST; level <= HIGHEST; level++) {
            Arrays.fill(key[level], 0);
        }
    }

    void invalidateDomain(int domain) {
        for (int level = LOWEST; level <= HIGHEST; level++) {
            for (int slot = 0; slot <= mask; slot++) {
                if ((key[level][slot] & 0xffff) == domain) {
                    key[level][slot] = 0;
                }
            }
        }
    }

    void invalidatePasid(int domain, int ofPasid) {
        for (int level = LOWEST; level <= HIGHEST; level++) {
            for (int slot = 0; slot <= mask; slot++) {
                if ((key[level][slot] & 0xffff) == domain && pasid[level][slot] == ofPasid) {
                    key[level][slot] = 0;
                }
            }
        }
    }

    /**
     * Drops what leads to any of 2^addressMask pages, and with them, if they are second-stage ones,
     * all of nested translation: the unit does not know which of those depend on them.
     */
    void invalidatePages(int domain, int ofPasid, long address, int addressMask) {
        for (int level = LOWEST; level <= HIGHEST; level++) {
            int wide = Math.max(0, 12 + addressMask - shift(level));
            long wanted = prefix(address, level) >>> Math.min(wide, 63);
            for (int slot = 0; slot <= mask; slot++) {
                long k = key[level][slot];
                boolean same = pasid[level][slot] == ofPasid
                        && (k & VALID - 1) >>> 16 >>> Math.min(wide, 63) == wanted;
                boolean depends = ofPasid == Iotlb.SECOND_STAGE && nested[level][slot];
                if (k != 0 && (k & 0xffff) == domain && (same || depends)) {
                    key[level][slot] = 0;
                }
            }
        }
    }
}
