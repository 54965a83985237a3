// SPDX-License-Identifier: Apache-2.0
package kdump.importers.search;

import java.io.IOException;
import java.util.HashMap;
import java.util.Map;

/**
 * Counts what page tables map. Each table is walked once for each level it is met at, whoever
 * points to it, so that the work is bounded by the size of the memory. One thread.
 *
 * <p>Source: VT-d, "Second-Stage Paging Entries" and "First-Stage Paging Entries".
 */
final class TableWalk {

    /**
     * What a table maps.
     *
     * @param leaves entries that map a page; saturates
     * @param inRam those of them that map RAM
     */
    record Count(long leaves, long inRam) { }

    /** A table that is none: it is absent, or points to one that is. */
    static final Count BROKEN = new Count(-1, -1);

    private static final int SMALLEST_TABLE_LEVEL = 1;

    private static final int LARGEST_LEAF_LEVEL = 3;

    private final Pages pages;
    private final Map<Long, Count> known = new HashMap<>();

    TableWalk(Pages pages) {
        this.pages = pages;
    }

    /**
     * Counts the leaves below a table.
     *
     * @param permitted bits of which a present entry has at least one: read and write, or present
     */
    Count count(long table, int level, long permitted) throws IOException {
        long key = table | level << 2 | permitted;
        Count count = known.get(key);
        if (count == null) {
            count = walk(table, level, permitted);
            known.put(key, count);
        }
        return count;
    }

    private Count walk(long table, int level, long permitted) throws IOException {
        byte[] page = pages.page(table);
        if (page == null) {
            return pages.isLost(table) ? new Count(0, 0) : BROKEN;
        }
        long leaves = 0;
        long inRam = 0;
        for (int i = 0; i < Shape.PAGE_BYTES / 8; i++) {
            long entry = Pages.word(page, i);
            if ((entry & permitted) == 0) {
                continue;
            }
            boolean large = level > SMALLEST_TABLE_LEVEL && (entry & Shape.LARGE) != 0;
            if (large && level > LARGEST_LEAF_LEVEL) {
                return BROKEN;
            }
            if (large || level == SMALLEST_TABLE_LEVEL) {
                leaves++;
                inRam += pages.isRam(entry & Shape.ADDRESS) ? 1 : 0;
            } else {
                Count below = count(entry & Shape.ADDRESS, level - 1, permitted);
                if (below == BROKEN) {
                    return BROKEN;
                }
                leaves = Math.min(leaves + below.leaves(), Integer.MAX_VALUE);
                inRam = Math.min(inRam + below.inRam(), Integer.MAX_VALUE);
            }
        }
        return new Count(leaves, inRam);
    }
}
