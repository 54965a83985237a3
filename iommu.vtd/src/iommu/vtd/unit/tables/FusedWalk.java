// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.unit.tables;

import iommu.api.pcie.Access;
import iommu.vtd.SecondStageEntry;
import iommu.vtd.unit.caches.StructureCache;
import iommu.vtd.unit.requests.InterruptRange;
import iommu.vtd.unit.requests.PageRights;
import iommu.vtd.unit.requests.PagingMode;

/**
 * The walk of {@link SecondStageWalk} in the usual cases, all checks of a level in one comparison:
 * the rights asked for are set, no reserved bit is, nor PS above the lowest level; accessed and
 * dirty, where they are kept, are set. It is undecided as soon as it is not so.
 */
public final class FusedWalk {

    /** Nothing is decided. No page has this address. */
    public static final long UNDECIDED = -1;
    /** Of what is found: the rights, see {@link PageRights}, below the page. */
    static final long FLAGS = 0xfff;
    private static final int BOTH = Access.READ | Access.WRITE;

    private final TableReader tables;
    private final StructureCache structures;
    private final long[] reserved;
    private final long leafReserved;

    /**
     * Makes one.
     *
     * @param tableReserved of each level the bits that must be 0 in an entry that leads to a table
     * @param leafReserved those of a page of 4 KiB
     */
    FusedWalk(TableReader tables, StructureCache structures, long[] tableReserved,
            long leafReserved) {
        this.tables = tables;
        this.structures = structures;
        reserved = new long[tableReserved.length];
        for (int level = 2; level < reserved.length; level++) {
            reserved[level] = tableReserved[level] | SecondStageEntry.PS.mask();
        }
        reserved[1] = leafReserved;
        this.leafReserved = leafReserved;
    }

    /**
     * Translates an address of legacy mode by the lowest table, if that is known.
     *
     * @param access not {@link Access#NONE}
     * @return as {@link #walk(int, int, long, long, int)}
     */
    public long leaf(int domain, long address, int access) {
        int found = structures.lowest(domain, address);
        int place = found < 0 ? -1 : placeOf(found);
        if (place < 0) {
            return UNDECIDED;
        }
        long known = structures.value(found);
        long entry = tables.wordAt(place,
                SecondStageEntry.index(address, 1) * SecondStageEntry.BYTES);
        long page = SecondStageEntry.ADDR.inPlace(entry);
        return (entry & (leafReserved | known & access)) != access
                || InterruptRange.contains(page) ? UNDECIDED
                        : page | entry & known & BOTH | PageRights.DIRTY;
    }

    /** Returns where the words of a table that is kept are, or -1. */
    private int placeOf(int found) {
        if (!tables.isCurrent()) {
            return -1;
        }
        int place = structures.place(found);
        if (place < 0) {
            place = tables.placeOf(SecondStageEntry.ADDR.inPlace(structures.value(found)));
            structures.place(found, place);
        }
        return place;
    }

    /**
     * Translates an address of legacy mode, from the lowest table known.
     *
     * @param levels of the table
     * @param access not {@link Access#NONE}
     * @return the page and, below, its rights; or {@link #UNDECIDED}
     */
    public long walk(int domain, int levels, long table, long address, int access) {
        int found = structures.find(domain, PagingMode.SECOND_STAGE, address);
        if (found >= 0) {
            int level = structures.level(found);
            if (level < levels) {
                return walk(domain, level, structures.value(found), address, access, false);
            }
        }
        return walk(domain, levels, table | BOTH, address, access, false);
    }

    /**
     * Translates an address from a table on; keeps the tables it comes to.
     *
     * @param top the table to begin with, and the rights above it
     * @param marks whether accessed and dirty bits are kept
     */
    public long walk(int domain, int topLevel, long top, long address, int access, boolean marks) {
        if ((top & access) != access) {
            return UNDECIDED;
        }
        long wanted = access | (marks ? SecondStageEntry.A.mask() : 0);
        long table = SecondStageEntry.ADDR.inPlace(top);
        long rights = top;
        for (int level = topLevel; ; level--) {
            int place = tables.placeOf(table);
            if (place < 0) {
                return UNDECIDED;
            }
            long entry = tables.wordAt(place,
                    SecondStageEntry.index(address, level) * SecondStageEntry.BYTES);
            if ((entry & (reserved[level] | wanted)) != wanted) {
                return UNDECIDED;
            }
            rights &= entry;
            table = SecondStageEntry.ADDR.inPlace(entry);
            if (level == 1) {
                boolean dirty = !marks || SecondStageEntry.D.isSet(entry);
                return !dirty && (access & Access.WRITE) != 0 || InterruptRange.contains(table)
                        ? UNDECIDED : table | rights & BOTH | (dirty ? PageRights.DIRTY : 0);
            }
            structures.insert(domain, PagingMode.SECOND_STAGE, address, level - 1,
                    table | rights & BOTH, false);
        }
    }
}
