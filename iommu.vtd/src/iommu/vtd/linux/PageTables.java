// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.linux;

import iommu.api.unit.KernelPanicException;
import iommu.api.unit.KernelPort;
import iommu.vtd.Capability;
import iommu.vtd.SecondStageEntry;

/**
 * Writes page tables in memory, 4 KiB pages and, where the unit has them and the range allows, 2
 * MiB pages. Emptied tables are kept. Source: Linux, intel/iommu.c, __domain_mapping.
 */
final class PageTables {

    private static final long PAGE = 1L << 12;
    private static final long LARGE = 1L << 21;

    private final KernelPort port;
    private final UnitRegisters registers;

    PageTables(KernelPort port, UnitRegisters registers) {
        this.port = port;
        this.registers = registers;
    }

    /**
     * Maps pages; an address that is mapped already keeps its mapping, and the kernel complains.
     *
     * @throws IllegalStateException if a table lies outside memory or there is no page for one
     */
    void map(Domain domain, long iova, long physicalAddress, long bytes, int access) {
        check(domain, iova, bytes);
        TableFormat format = domain.stage();
        boolean largePages =
                domain.firstStage() || (Capability.SLLPS.of(registers.cap()) & 1) != 0;
        for (long done = 0; done < bytes;) {
            long at = iova + done;
            long to = physicalAddress + done;
            boolean large = largePages && ((at | to) & LARGE - 1) == 0 && bytes - done >= LARGE;
            int level = large ? 2 : 1;
            long leaf = format.leaf(to, access, large);
            long entry = entry(domain, at, level, true);
            long old = port.read64(entry);
            if (format.present(old)) {
                port.print(String.format("DMAR: ERROR: DMA PTE for vPFN 0x%x already set"
                        + " (to %x not %x)", at >>> 12, old, leaf));
            } else {
                port.write64(entry, leaf);
            }
            done += large ? LARGE : PAGE;
        }
    }

    /** Clears every leaf that covers an address of the range. */
    void unmap(Domain domain, long iova, long bytes) {
        check(domain, iova, bytes);
        for (long done = 0; done < bytes;) {
            long entry = entry(domain, iova + done, 1, false);
            if (entry != 0) {
                port.write64(entry, 0);
            }
            done += PAGE;
        }
    }

    private static void check(Domain domain, long iova, long bytes) {
        int width = 12 + 9 * domain.levels();
        if ((iova | bytes) % PAGE != 0 || bytes <= 0 || iova >>> width != 0
                || iova + bytes - 1 >>> width != 0) {
            throw new IllegalArgumentException("range at 0x" + Long.toHexString(iova) + ", 0x"
                    + Long.toHexString(bytes) + " bytes, in a domain of " + width + " bits");
        }
    }

    /**
     * Returns the address of the entry for {@code iova} at a level, or above it if a large page is
     * there. Without {@code allocate}, 0 if a table on the way is missing.
     */
    private long entry(Domain domain, long iova, int level, boolean allocate) {
        TableFormat format = domain.stage();
        long table = domain.table();
        for (int l = domain.levels(); ; l--) {
            long at = table + (long) SecondStageEntry.index(iova, l) * SecondStageEntry.BYTES;
            if (!port.isMemory(at, SecondStageEntry.BYTES)) {
                throw new KernelPanicException("page table at 0x" + Long.toHexString(table)
                        + " of domain " + domain.id() + " is not in memory");
            }
            long entry = port.read64(at);
            boolean present = format.present(entry);
            if (l == level || present && format.maps(entry)) {
                return at;
            }
            if (!present) {
                if (!allocate) {
                    return 0;
                }
                entry = format.table(port.allocatePages(1));
                port.write64(at, entry);
            }
            table = format.address(entry);
        }
    }
}
