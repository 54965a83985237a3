// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.unit.caches;

import iommu.api.unit.CacheLookup;
import iommu.vtd.SecondStageEntry;
import iommu.vtd.unit.requests.EntryFormatter;
import iommu.vtd.unit.requests.PagingMode;
import java.util.Arrays;

/**
 * The paging-structure caches: which table of each level below the top a range of addresses has,
 * and the rights of the entries above it. A walk starts at the lowest table known. Entries stay
 * until software invalidates them without the hint that only leaves changed.
 *
 * <p>Tagged by domain id, PASID (first-stage and nested) and address; direct-mapped. Source: VT-d,
 * "Paging-structure Caches".
 */
public final class StructureCache {

    /** What listeners are told that it is called. */
    public static final String NAME = "paging-structure cache";

    /** Holds nothing, ever. */
    public static final StructureCache NONE = new StructureCache(0);

    private static final int LOWEST = 1;
    private static final int HIGHEST = 3;

    /** Words of an entry: key, table with rights. */
    private static final int WORDS = 2;
    private static final int VALUE = 1;
    private static final long NESTED = 1L << 32;
    private static final int NOWHERE = -1;

    private final int mask;
    /** Base-2 logarithm of the words of a level. */
    private final int levelShift;
    /** Level by level. */
    private final long[] words;
    /** Of each entry the PASID, with {@link #NESTED}. */
    private final long[] owners;
    /** Of each entry where the table's words were found, or {@link #NOWHERE}. */
    private final int[] places;

    /** @param entries of each level, a power of two; 0 for a unit that has none */
    StructureCache(int entries) {
        mask = entries - 1;
        levelShift = Integer.numberOfTrailingZeros(entries * WORDS);
        words = new long[HIGHEST * entries * WORDS];
        owners = new long[HIGHEST * entries];
        places = new int[HIGHEST * entries];
        Arrays.fill(places, NOWHERE);
    }

    /** Returns one of its own with the same entries, whose places nobody knows yet. */
    StructureCache copy() {
        var made = new StructureCache(mask + 1);
        System.arraycopy(words, 0, made.words, 0, words.length);
        System.arraycopy(owners, 0, made.owners, 0, owners.length);
        return made;
    }

    /** Returns where the entry of a range lies. */
    private int at(int domain, int ofPasid, long prefix, int level) {
        int slot = (int) (prefix ^ prefix >>> 9 ^ domain * 0x9e37L ^ ofPasid) & mask;
        return (level - LOWEST << levelShift) + slot * WORDS;
    }

    private int pasid(int at) {
        return (int) owners[at / WORDS];
    }

    private boolean holds(int at, int domain, int ofPasid, long prefix) {
        return words[at] == StructureKey.of(domain, ofPasid, prefix)
                && (ofPasid == PagingMode.SECOND_STAGE || pasid(at) == ofPasid);
    }

    /** The step of {@link #find} that does for most: the lowest table of the second stage. */
    public int lowest(int domain, long address) {
        if (mask < 0) {
            return -1;
        }
        long prefix = StructureKey.prefix(address, LOWEST);
        int at = at(domain, PagingMode.SECOND_STAGE, prefix, LOWEST);
        return words[at] == StructureKey.of(domain, PagingMode.SECOND_STAGE, prefix) ? at : -1;
    }

    /** Returns what {@link #place(int, int)} noted of a table since it is kept, or -1. */
    public int place(int found) {
        return places[found / WORDS];
    }

    /** Notes where the words of a table are found; no part of what a unit keeps. */
    public void place(int found, int place) {
        places[found / WORDS] = place;
    }

    /** Returns where the lowest table known for an address is kept, or -1. */
    public int find(int domain, int ofPasid, long address) {
        if (mask < 0) {
            return -1;
        }
        for (int level = LOWEST; level <= HIGHEST; level++) {
            long prefix = StructureKey.prefix(address, level);
            int at = at(domain, ofPasid, prefix, level);
            if (holds(at, domain, ofPasid, prefix)) {
                return at;
            }
        }
        return -1;
    }

    /** Returns the level of the table that {@link #find} found. */
    public int level(int found) {
        return (found >> levelShift) + LOWEST;
    }

    /** Returns what {@link #insert} kept: a table, and rights in the low bits. */
    public long value(int found) {
        return words[found + VALUE];
    }

    /** Keeps the table of a level that an address leads to, with rights in its low bits. */
    public void insert(int domain, int ofPasid, long address, int level, long tableAndRights,
            boolean ofNested) {
        if (mask < 0 || level > HIGHEST) {
            return;
        }
        long prefix = StructureKey.prefix(address, level);
        int at = at(domain, ofPasid, prefix, level);
        words[at] = StructureKey.of(domain, ofPasid, prefix);
        words[at + VALUE] = tableAndRights;
        owners[at / WORDS] = Integer.toUnsignedLong(ofPasid) | (ofNested ? NESTED : 0);
        places[at / WORDS] = NOWHERE;
    }

    /**
     * Returns what is known of the entry that leads to the table of a level.
     *
     * @param now table and rights that memory leads to, or -1 for none
     */
    public CacheLookup lookup(int domain, int ofPasid, long address, int level, long now) {
        if (mask < 0 || level < LOWEST || level > HIGHEST) {
            return CacheLookup.none();
        }
        long prefix = StructureKey.prefix(address, level);
        int at = at(domain, ofPasid, prefix, level);
        return !holds(at, domain, ofPasid, prefix)
                ? CacheLookup.miss(NAME)
                : CacheLookup.hit(NAME, held(value(at)), value(at) != now);
    }

    /** Returns what stands in the place of an entry that leads to a table, for people. */
    public static String held(long tableAndRights) {
        long table = SecondStageEntry.ADDR.inPlace(tableAndRights);
        return "table at " + EntryFormatter.hex(table) + ", "
                + EntryFormatter.rights(tableAndRights);
    }

    public void invalidateAll() {
        Arrays.fill(words, 0);
    }

    public void invalidateDomain(int domain) {
        for (int at = 0; at < words.length; at += WORDS) {
            if (StructureKey.domain(words[at]) == domain) {
                words[at] = 0;
            }
        }
    }

    public void invalidatePasid(int domain, int ofPasid) {
        for (int at = 0; at < words.length; at += WORDS) {
            if (StructureKey.domain(words[at]) == domain && pasid(at) == ofPasid) {
                words[at] = 0;
            }
        }
    }

    /**
     * Drops what leads to any of 2^addressMask pages, and with them, if they are second-stage ones,
     * all of nested translation: the unit does not know which of those depend on them.
     */
    public void invalidatePages(int domain, int ofPasid, long address, int addressMask) {
        for (int at = 0; at < words.length; at += WORDS) {
            long k = words[at];
            int level = level(at);
            int wide = Math.min(63, Math.max(0, 12 + addressMask - StructureKey.shift(level)));
            boolean same = pasid(at) == ofPasid && StructureKey.prefix(k) >>> wide
                    == StructureKey.prefix(address, level) >>> wide;
            boolean depends = ofPasid == PagingMode.SECOND_STAGE
                    && (owners[at / WORDS] & NESTED) != 0;
            if (k != 0 && StructureKey.domain(k) == domain && (same || depends)) {
                words[at] = 0;
            }
        }
    }
}
