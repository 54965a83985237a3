// SPDX-License-Identifier: Apache-2.0
package kdump.importers.search;

import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Walks the contexts of a page that has the shape of a root table. One thread.
 *
 * <p>Source: VT-d, "Context Entry", "Scalable-Mode Context Entry", "PASID Directory Entry", "PASID
 * Table Entry".
 */
final class ContextWalk {

    private static final long READ_OR_WRITE = 3;
    private static final int PASS_THROUGH = 2;
    private static final int PASID_ENTRY_BYTES = 64;

    /** What a context table holds: functions by number within it, and what they map. */
    private record Contexts(List<Integer> good, int broken, long leaves, long inRam) { }

    private final Pages pages;
    private final TableWalk tables;
    private final Map<Long, Contexts> known = new HashMap<>();

    ContextWalk(Pages pages) {
        this.pages = pages;
        tables = new TableWalk(pages);
    }

    /** Walks the root table at {@code address}, as one of legacy or scalable mode. */
    RootCandidate walk(long address, byte[] root, boolean scalable) throws IOException {
        List<Integer> requesters = new ArrayList<>();
        int broken = 0;
        long leaves = 0;
        long inRam = 0;
        for (int half = 0; half < Shape.PAGE_BYTES / 8; half++) {
            long entry = Pages.word(root, half);
            if ((entry & Shape.PRESENT) == 0) {
                continue;
            }
            Contexts contexts = contexts(entry & Shape.ADDRESS, scalable);
            if (contexts == null) {
                broken += pages.isLost(entry & Shape.ADDRESS) ? 0 : 1;
                continue;
            }
            int first = (half >>> 1) << 8 | (half & 1) << 7;
            contexts.good().forEach(devfn -> requesters.add(first + devfn));
            broken += contexts.broken();
            leaves += contexts.leaves();
            inRam += contexts.inRam();
        }
        return new RootCandidate(address, scalable, requesters, broken, leaves, inRam);
    }

    /** Returns what the table at {@code address} holds, or null if it is no context table. */
    private Contexts contexts(long address, boolean scalable) throws IOException {
        long key = address | (scalable ? 1 : 0);
        if (!known.containsKey(key)) {
            byte[] page = pages.page(address);
            known.put(key, page == null ? null : read(page, scalable));
        }
        return known.get(key);
    }

    private Contexts read(byte[] page, boolean scalable) throws IOException {
        List<Integer> good = new ArrayList<>();
        int broken = 0;
        long leaves = 0;
        long inRam = 0;
        int words = scalable ? 4 : 2;
        for (int at = 0; at < Shape.PAGE_BYTES / 8; at += words) {
            long low = Pages.word(page, at);
            long high = Pages.word(page, at + 1);
            if ((low & Shape.PRESENT) == 0) {
                continue;
            }
            boolean rest = scalable && (Pages.word(page, at + 2) | Pages.word(page, at + 3)) != 0;
            if (rest || !hasShape(low, high, scalable)) {
                return null;
            }
            TableWalk.Count count = scalable ? scalable(low) : legacy(low, high);
            if (count == TableWalk.BROKEN) {
                broken++;
            } else {
                good.add(at / words);
                leaves += count.leaves();
                inRam += count.inRam();
            }
        }
        return new Contexts(good, broken, leaves, inRam);
    }

    private static boolean hasShape(long low, long high, boolean scalable) {
        return scalable ? (low & Shape.SCALABLE_RESERVED) == 0
                && (high & Shape.SCALABLE_UPPER_RESERVED) == 0
                : (low & Shape.CONTEXT_RESERVED) == 0 && Shape.translationType(low) != 3
                && (high & Shape.CONTEXT_UPPER_RESERVED) == 0 && Shape.levels(high) != 0;
    }

    private TableWalk.Count legacy(long low, long high) throws IOException {
        return Shape.translationType(low) == PASS_THROUGH ? new TableWalk.Count(0, 0)
                : tables.count(low & Shape.ADDRESS, Shape.levels(high), READ_OR_WRITE);
    }

    /** Looks at PASID 0, which requests without a PASID use. */
    private TableWalk.Count scalable(long low) throws IOException {
        byte[] directory = pages.page(low & Shape.ADDRESS);
        if (directory == null) {
            return TableWalk.BROKEN;
        }
        long entry = Pages.word(directory, 0);
        if ((entry & Shape.PRESENT) == 0 || (entry & Shape.DIRECTORY_RESERVED) != 0) {
            return TableWalk.BROKEN;
        }
        byte[] table = new byte[PASID_ENTRY_BYTES];
        long address = entry & Shape.ADDRESS;
        if (!pages.isPresent(address) || !pages.read(address, table, table.length)) {
            return TableWalk.BROKEN;
        }
        long pasid = Pages.word(table, 0);
        if ((pasid & Shape.PRESENT) == 0 || (pasid & Shape.PASID_RESERVED) != 0) {
            return TableWalk.BROKEN;
        }
        long first = Pages.word(table, 2);
        int levels = Shape.levels(pasid >>> 2);
        return switch ((int) (pasid >>> 6) & 7) {
            case 1 -> tables.count(first & Shape.ADDRESS, 4 + (int) (first >>> 2 & 1),
                    Shape.PRESENT);
            case 2, 3 -> levels == 0 ? TableWalk.BROKEN
                    : tables.count(pasid & Shape.ADDRESS, levels, READ_OR_WRITE);
            case 4 -> new TableWalk.Count(0, 0);
            default -> TableWalk.BROKEN;
        };
    }
}
