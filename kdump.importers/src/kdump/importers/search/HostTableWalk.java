// SPDX-License-Identifier: Apache-2.0
package kdump.importers.search;

import java.io.IOException;
import java.util.HashMap;
import java.util.Map;
import kdump.importers.search.TableWalk.Count;

/**
 * Counts what AMD-Vi page tables map. Each table is walked once for each level it is met at, so
 * that the work is bounded by the size of the memory. One thread.
 *
 * <p>Source: 48882, "I/O Page Tables for Host Translations".
 */
final class HostTableWalk {

    private final Pages pages;
    private final Map<Long, Count> known = new HashMap<>();

    HostTableWalk(Pages pages) {
        this.pages = pages;
    }

    /** Counts the leaves below a table; {@link TableWalk#BROKEN} if it is none. */
    Count count(long table, int level) throws IOException {
        long key = table | level;
        Count count = known.get(key);
        if (count == null) {
            count = walk(table, level);
            known.put(key, count);
        }
        return count;
    }

    private Count walk(long table, int level) throws IOException {
        byte[] page = pages.page(table);
        if (page == null) {
            return TableWalk.BROKEN;
        }
        long leaves = 0;
        long inRam = 0;
        for (int i = 0; i < Shape.PAGE_BYTES / 8; i++) {
            long entry = Pages.word(page, i);
            if ((entry & Shape.PRESENT) == 0) {
                continue;
            }
            int next = AmdShape.nextLevel(entry);
            if (next == 0 || next == AmdShape.ENCODED) {
                leaves++;
                inRam += pages.isRam(entry & Shape.ADDRESS) ? 1 : 0;
                continue;
            }
            Count below = next < level ? count(entry & Shape.ADDRESS, next) : TableWalk.BROKEN;
            if (below == TableWalk.BROKEN) {
                return TableWalk.BROKEN;
            }
            leaves = Math.min(leaves + below.leaves(), Integer.MAX_VALUE);
            inRam = Math.min(inRam + below.inRam(), Integer.MAX_VALUE);
        }
        return new Count(leaves, inRam);
    }
}
