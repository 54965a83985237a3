// SPDX-License-Identifier: Apache-2.0
package iommu.amdvi.linux;

import iommu.amdvi.PageTableEntry;
import iommu.api.unit.KernelPort;
import java.util.HashMap;
import java.util.Map;

/**
 * Copies the page tables that a copied device table leads to. A table that two entries share stays
 * shared; one that is not in memory keeps its old pointer.
 *
 * <p>No kernel does so for these units; proposed for others by Z. Li and B. Sumner, "iommu/vt-d:
 * Fix crash dump failure caused by legacy DMA/IO", October 2014.
 */
final class PageTableCopy {

    private static final int PAGE_BYTES = 4096;

    /** A table and the level it serves: tables of broken kernels may point to themselves. */
    private record Table(long address, int level) { }

    private final KernelPort port;
    private final DeviceEntries entries;
    private final Map<Table, Long> copies = new HashMap<>();

    /** Makes it for a device table of this kernel. */
    PageTableCopy(KernelPort port, DeviceEntries entries) {
        this.port = port;
        this.entries = entries;
    }

    /**
     * Copies and points the entries to the copies.
     *
     * @throws IllegalStateException if the kernel runs out of pages; those of the copy are given
     *     back then
     */
    void run() {
        try {
            for (int device = 0; device < entries.count(); device++) {
                Domain domain = entries.domain(device);
                if (domain != null && domain.levels() >= 1
                        && domain.levels() <= PageTableEntry.MAX_LEVEL) {
                    entries.repoint(device, copy(domain.root(), domain.levels()));
                }
            }
        } catch (IllegalStateException e) {
            copies.values().forEach(page -> port.freePages(page, 1));
            throw e;
        }
    }

    private long copy(long from, int level) {
        if (!port.isMemory(from, PAGE_BYTES)) {
            return from;
        }
        var table = new Table(from, level);
        Long done = copies.get(table);
        if (done != null) {
            return done;
        }
        long to = port.allocatePages(1);
        copies.put(table, to);
        port.copy(from, to, PAGE_BYTES);
        for (long i = 0; level > 1 && i < PAGE_BYTES; i += PageTableEntry.BYTES) {
            long entry = port.read64(to + i);
            int next = (int) PageTableEntry.NEXT_LEVEL.of(entry);
            if (PageTableEntry.PR.isSet(entry) && next > PageTableEntry.PAGE && next < level) {
                port.write64(to + i, entry & ~PageTableEntry.ADDRESS.mask()
                        | copy(PageTableEntry.ADDRESS.inPlace(entry), next));
            }
        }
        return to;
    }
}
