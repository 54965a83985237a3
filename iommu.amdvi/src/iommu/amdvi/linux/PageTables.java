// SPDX-License-Identifier: Apache-2.0
package iommu.amdvi.linux;

import iommu.amdvi.PageTableEntry;
import iommu.api.pcie.Access;
import iommu.api.unit.KernelPanicException;
import iommu.api.unit.KernelPort;

/**
 * Writes host page tables in memory: each piece of a range becomes the largest page that its
 * addresses and length allow. Emptied tables are kept; levels are never skipped. Source: Linux,
 * amd/io_pgtable.c, alloc_pte, iommu_v1_map_pages, iommu_v1_unmap_pages.
 */
final class PageTables {

    private static final long PAGE = 1L << 12;
    private static final int MAX_SHIFT = 38;
    private static final int ENTRIES = 512;
    private static final long DIRECTORY = PageTableEntry.PR.mask() | PageTableEntry.IR.mask()
            | PageTableEntry.IW.mask();

    private final KernelPort port;

    PageTables(KernelPort port) {
        this.port = port;
    }

    /**
     * Maps pages; what is mapped there already is replaced.
     *
     * @return whether a page gave way to a table, or a table to a page, so that the unit's
     *     directory entries are wrong now
     * @throws IllegalStateException if a table lies outside memory or there is no page for one
     */
    boolean map(Domain domain, long iova, long physicalAddress, long bytes, int access) {
        check(iova, bytes);
        boolean restructured = false;
        for (long done = 0; done < bytes;) {
            long at = iova + done;
            int shift = shift(at | physicalAddress + done, bytes - done);
            int level = 1 + (shift - 12) / 9;
            long entry = find(domain, at, level, true);
            int copies = 1 << (shift - 12) % 9;
            long leaf = leaf(physicalAddress + done, shift, copies > 1, access);
            for (int i = 0; i < copies; i++) {
                long old = port.read64(entry + (long) i * PageTableEntry.BYTES);
                restructured |= isDirectory(old);
                port.write64(entry + (long) i * PageTableEntry.BYTES, leaf);
            }
            restructured |= replaced;
            replaced = false;
            done += 1L << shift;
        }
        return restructured;
    }

    /** Has every address of a domain with an empty table lead to one page, zero at first. */
    void fillWithOnePage(Domain domain) {
        long entry = leaf(port.allocateScratchPage(), PageTableEntry.shift(1), false,
                Access.READ | Access.WRITE);
        for (int level = 1; level <= domain.levels(); level++) {
            long table = level == domain.levels() ? domain.root() : port.allocatePages(1);
            for (int i = 0; i < ENTRIES; i++) {
                port.write64(table + (long) i * PageTableEntry.BYTES, entry);
            }
            entry = PageTableEntry.NEXT_LEVEL.with(table | DIRECTORY, level);
        }
    }

    private boolean replaced;

    private static int shift(long addresses, long bytes) {
        int aligned = Long.numberOfTrailingZeros(addresses);
        int fits = 63 - Long.numberOfLeadingZeros(bytes);
        return Math.min(MAX_SHIFT, Math.min(aligned, fits));
    }

    private static long leaf(long page, int shift, boolean encoded, int access) {
        long entry = encoded ? PageTableEntry.encodedAddress(page, shift)
                : PageTableEntry.ADDRESS.inPlace(page);
        entry = PageTableEntry.NEXT_LEVEL.with(entry,
                encoded ? PageTableEntry.PAGE_OF_ENCODED_SIZE : PageTableEntry.PAGE);
        return entry | PageTableEntry.PR.mask() | PageTableEntry.FC.mask() | (long) access << 61;
    }

    private static boolean isDirectory(long entry) {
        int next = (int) PageTableEntry.NEXT_LEVEL.of(entry);
        return PageTableEntry.PR.isSet(entry) && next != PageTableEntry.PAGE
                && next != PageTableEntry.PAGE_OF_ENCODED_SIZE;
    }

    /** Clears every page that holds an address of the range, as a whole. */
    void unmap(Domain domain, long iova, long bytes) {
        check(iova, bytes);
        for (long at = iova; at - iova < bytes;) {
            long entry = find(domain, at, 1, false);
            long covered = foundLevel == 0 ? PAGE : 1L << PageTableEntry.shift(foundLevel);
            long pte = entry == 0 ? 0 : port.read64(entry);
            if (PageTableEntry.NEXT_LEVEL.of(pte) == PageTableEntry.PAGE_OF_ENCODED_SIZE) {
                int copies = 1 << PageTableEntry.encodedShift(pte)
                        - PageTableEntry.shift(foundLevel);
                long first = entry & -(long) copies * PageTableEntry.BYTES;
                for (int i = 0; i < copies; i++) {
                    port.write64(first + (long) i * PageTableEntry.BYTES, 0);
                }
                covered = 1L << PageTableEntry.encodedShift(pte);
            } else if (pte != 0) {
                port.write64(entry, 0);
            }
            at = (at & -covered) + covered;
        }
    }

    private static void check(long iova, long bytes) {
        if ((iova | bytes) % PAGE != 0 || bytes <= 0) {
            throw new IllegalArgumentException("range at 0x" + Long.toHexString(iova) + ", 0x"
                    + Long.toHexString(bytes) + " bytes");
        }
    }

    private int foundLevel;

    /**
     * Returns where the entry for an address stands at a level; without {@code allocate} that of a
     * page at a higher level, or 0 where nothing is mapped.
     */
    private long find(Domain domain, long iova, int level, boolean allocate) {
        long table = domain.root();
        for (int l = domain.levels(); ; l--) {
            long at = table + (long) PageTableEntry.index(iova, l) * PageTableEntry.BYTES;
            if (!port.isMemory(at, PageTableEntry.BYTES)) {
                throw new KernelPanicException("page table at 0x" + Long.toHexString(table)
                        + " of domain " + domain.id() + " is not in memory");
            }
            long entry = port.read64(at);
            foundLevel = l;
            if (l == level) {
                return at;
            }
            if (!isDirectory(entry)) {
                if (!allocate) {
                    return PageTableEntry.PR.isSet(entry) ? at : 0;
                }
                replaced |= PageTableEntry.PR.isSet(entry);
                entry = PageTableEntry.NEXT_LEVEL.with(port.allocatePages(1) | DIRECTORY, l - 1);
                port.write64(at, entry);
            }
            table = PageTableEntry.ADDRESS.inPlace(entry);
        }
    }

    /** Returns whether a table of so many levels translates all of a range. */
    static boolean covers(int levels, long iova, long bytes) {
        return levels >= PageTableEntry.MAX_LEVEL
                || (iova | iova + bytes - 1) >>> PageTableEntry.shift(levels + 1) == 0;
    }

    /** Puts a level on top of a domain's table. */
    void grow(Domain domain) {
        long root = port.allocatePages(1);
        port.write64(root, PageTableEntry.NEXT_LEVEL.with(domain.root() | DIRECTORY,
                domain.levels()));
        domain.grow(root);
    }
}
