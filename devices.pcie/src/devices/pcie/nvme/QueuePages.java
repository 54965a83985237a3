// SPDX-License-Identifier: Apache-2.0
package devices.pcie.nvme;

import iommu.api.pcie.DmaBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Which of the pages that a kernel has mapped both ways for a controller are what, by the order in
 * which Linux allocates them from the highest address down: completions and submissions of the
 * admin queues, a page each; doorbells and event indexes, where the controller has shadow
 * doorbells; completions and submissions of the first I/O queues, whose sizes their addresses are
 * multiples of. Where no pages lie like that, I/O queues have a page each, or those of the admin
 * queues.
 * Immutable.
 *
 * <p>Source: Linux, nvme_alloc_queue, nvme_dbbuf_dma_alloc; iommu_dma_alloc_iova with size_aligned.
 */
final class QueuePages {

    private static final int FEW_ENTRIES = 64;
    private static final int COMPLETION_PAGES =
            NvmeHost.MOST_IO_ENTRIES * NvmeCommands.COMPLETION_BYTES / QueueMemory.PAGE_BYTES;
    private static final int SUBMISSION_PAGES =
            NvmeHost.MOST_IO_ENTRIES * NvmeCommands.SUBMISSION_BYTES / QueueMemory.PAGE_BYTES;
    private static final int ADMIN_PAGES = 2;
    private static final int SEPARATE_PAGES = 4;
    private static final long PAGE = QueueMemory.PAGE_BYTES;

    private final List<DmaBuffer> pages;
    private final List<DmaBuffer> others;
    private final int entries;
    private final QueueMemory completions;
    private final QueueMemory submissions;
    /** Null without them. */
    private final QueueMemory doorbells;
    private final QueueMemory events;

    /**
     * Looks at pages.
     *
     * @param pages from the highest address down, two at least
     * @param shadow whether the controller has shadow doorbells
     */
    QueuePages(List<DmaBuffer> pages, boolean shadow) {
        this.pages = pages;
        others = new ArrayList<>(pages);
        Map<Long, DmaBuffer> byIova = new HashMap<>();
        pages.forEach(p -> byIova.put(p.iova(), p));
        int between = shadow ? 2 : 0;
        List<DmaBuffer> found = run(byIova, ADMIN_PAGES + between, COMPLETION_PAGES);
        List<DmaBuffer> below = found.isEmpty() ? List.of() : run(byIova,
                pages.indexOf(found.get(0)) + 1, SUBMISSION_PAGES);
        List<DmaBuffer> words;
        if (below.isEmpty()) {
            entries = FEW_ENTRIES;
            int first = pages.size() >= SEPARATE_PAGES ? ADMIN_PAGES : 0;
            found = List.of(pages.get(first));
            below = List.of(pages.get(first + 1));
            words = shadow && pages.size() >= SEPARATE_PAGES + between
                    ? pages.subList(SEPARATE_PAGES, SEPARATE_PAGES + between) : List.of();
        } else {
            entries = NvmeHost.MOST_IO_ENTRIES;
            int first = pages.indexOf(found.get(COMPLETION_PAGES - 1));
            words = pages.subList(first - between, first);
        }
        completions = QueueMemory.of(found);
        submissions = QueueMemory.of(below);
        doorbells = words.isEmpty() ? null : QueueMemory.of(words.subList(0, 1));
        events = words.isEmpty() ? null : QueueMemory.of(words.subList(1, 2));
        others.removeAll(pages.subList(0, ADMIN_PAGES));
        others.removeAll(found);
        others.removeAll(below);
        others.removeAll(words);
    }

    /**
     * Returns the highest adjacent pages, lowest first, whose address is a multiple of their size;
     * empty if there are none.
     *
     * @param from how many of the highest pages are something else
     */
    private List<DmaBuffer> run(Map<Long, DmaBuffer> byIova, int from, int count) {
        for (int i = from; i < pages.size(); i++) {
            long base = pages.get(i).iova() - (count - 1) * PAGE;
            var found = new ArrayList<DmaBuffer>();
            for (int k = 0; k < count && base % (count * PAGE) == 0; k++) {
                DmaBuffer page = byIova.get(base + k * PAGE);
                if (page != null) {
                    found.add(page);
                }
            }
            if (found.size() == count) {
                return found;
            }
        }
        return List.of();
    }

    /** Returns how many entries the I/O queues have. */
    int entries() {
        return entries;
    }

    QueueMemory completions() {
        return completions;
    }

    QueueMemory submissions() {
        return submissions;
    }

    /** Returns the page of doorbells; null without one. */
    QueueMemory doorbells() {
        return doorbells;
    }

    /** Returns the page of event indexes; null without one. */
    QueueMemory events() {
        return events;
    }

    /** Returns the pages that are none of these. */
    List<DmaBuffer> others() {
        return others;
    }
}
