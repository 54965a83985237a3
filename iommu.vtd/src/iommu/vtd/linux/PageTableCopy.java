// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.linux;

import iommu.api.unit.KernelPort;
import iommu.vtd.ContextEntry;
import iommu.vtd.PasidDirectoryEntry;
import iommu.vtd.PasidEntry;
import iommu.vtd.ScalableContextEntry;
import iommu.vtd.SecondStageEntry;
import java.util.HashMap;
import java.util.Map;

/**
 * Copies what copied context entries point to: page tables, in scalable mode PASID directories and
 * tables before them. A table that two entries share stays shared; one that is not in memory keeps
 * its old pointer. What nested entries point to stays where it is.
 *
 * <p>No kernel that was released did this; proposed by Z. Li and B. Sumner, "iommu/vt-d: Fix crash
 * dump failure caused by legacy DMA/IO", October 2014.
 */
final class PageTableCopy {

    private static final int PAGE_BYTES = 4096;
    private static final int PASIDS_PER_TABLE = PAGE_BYTES / PasidEntry.BYTES;

    /** A table and the level it serves: tables of broken kernels may point to themselves. */
    private record Table(long address, int level, TableFormat format) { }

    private final KernelPort port;
    private final ContextTables contexts;
    private final Map<Table, Long> copies = new HashMap<>();
    private final Map<Long, Integer> allocated = new HashMap<>();

    PageTableCopy(KernelPort port, ContextTables contexts) {
        this.port = port;
        this.contexts = contexts;
    }

    /**
     * Copies and points the context entries to the copies.
     *
     * @throws IllegalStateException if the kernel runs out of pages; those of the copy are given
     *     back then
     */
    void run() {
        try {
            contexts.forEachPresent((source, entry) -> {
                if (contexts.scalable()) {
                    directory(entry);
                } else {
                    legacy(entry);
                }
            });
        } catch (IllegalStateException e) {
            allocated.forEach(port::freePages);
            throw e;
        }
    }

    private long allocate(int pages) {
        long address = port.allocatePages(pages);
        allocated.put(address, pages);
        return address;
    }

    private void legacy(long entry) {
        long q0 = port.read64(entry);
        if (ContextEntry.TT.of(q0) != ContextEntry.TT_PASS_THROUGH) {
            int levels = (int) ContextEntry.AW.of(port.read64(entry + 8)) + 2;
            repoint(entry, q0, ContextEntry.SSPTPTR.mask(),
                    table(ContextEntry.SSPTPTR.inPlace(q0), levels, TableFormat.SECOND_STAGE));
        }
    }

    private void repoint(long at, long old, long field, long pointer) {
        port.write64(at, old & ~field | pointer);
    }

    private void directory(long entry) {
        long q0 = port.read64(entry);
        long from = ScalableContextEntry.PASIDDIRPTR.inPlace(q0);
        int pages = Math.max(1, 1 << (int) ScalableContextEntry.PDTS.of(q0) >> 2);
        if (!port.isMemory(from, (long) pages * PAGE_BYTES)) {
            return;
        }
        long to = allocate(pages);
        for (long i = 0; i < (long) pages * PAGE_BYTES; i += PasidDirectoryEntry.BYTES) {
            long q = port.read64(from + i);
            if (PasidDirectoryEntry.P.isSet(q)) {
                repoint(to + i, q, PasidDirectoryEntry.SMPTBLPTR.mask(),
                        pasids(PasidDirectoryEntry.SMPTBLPTR.inPlace(q)));
            }
        }
        repoint(entry, q0, ScalableContextEntry.PASIDDIRPTR.mask(), to);
    }

    private long pasids(long from) {
        if (!port.isMemory(from, PAGE_BYTES)) {
            return from;
        }
        long to = allocate(1);
        port.copy(from, to, PAGE_BYTES);
        for (int i = 0; i < PASIDS_PER_TABLE; i++) {
            long at = to + (long) i * PasidEntry.BYTES;
            long q0 = port.read64(at);
            if (PasidEntry.P.isSet(q0)) {
                pasid(at, q0);
            }
        }
        return to;
    }

    private void pasid(long at, long q0) {
        long q2 = port.read64(at + 16);
        switch ((int) PasidEntry.PGTT.of(q0)) {
            case PasidEntry.PGTT_FIRST_STAGE -> repoint(at + 16, q2, PasidEntry.FSPTPTR.mask(),
                    table(PasidEntry.FSPTPTR.inPlace(q2),
                            PasidEntry.FSPM.of(q2) == PasidEntry.FIVE_LEVELS ? 5 : 4,
                            TableFormat.FIRST_STAGE));
            case PasidEntry.PGTT_SECOND_STAGE -> repoint(at, q0, PasidEntry.SSPTPTR.mask(),
                    table(PasidEntry.SSPTPTR.inPlace(q0), (int) PasidEntry.AW.of(q0) + 2,
                            TableFormat.SECOND_STAGE));
            default -> { }
        }
    }

    private long table(long from, int level, TableFormat format) {
        if (!port.isMemory(from, PAGE_BYTES)) {
            return from;
        }
        var table = new Table(from, level, format);
        Long done = copies.get(table);
        if (done != null) {
            return done;
        }
        long to = allocate(1);
        copies.put(table, to);
        port.copy(from, to, PAGE_BYTES);
        for (long i = 0; level > 1 && i < PAGE_BYTES; i += SecondStageEntry.BYTES) {
            long q = port.read64(to + i);
            if (format.present(q) && !format.maps(q)) {
                port.write64(to + i, format.withAddress(q,
                        table(format.address(q), level - 1, format)));
            }
        }
        return to;
    }
}
