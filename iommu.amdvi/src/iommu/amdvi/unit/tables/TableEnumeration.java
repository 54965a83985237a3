// SPDX-License-Identifier: Apache-2.0
package iommu.amdvi.unit.tables;

import iommu.amdvi.DeviceTableEntry;
import iommu.amdvi.PageTableEntry;
import iommu.amdvi.WideInterruptEntry;
import iommu.amdvi.unit.caches.ContextTag;
import iommu.api.memory.PhysicalMemory;
import iommu.api.pcie.Access;
import iommu.api.unit.MappingVisitor;
import iommu.api.unit.WalkListener;

/**
 * Tells all translations that the tables in memory hold, by requester, then by iova: what the walks
 * would grant. A page whose size its address tells is told once where all its entries agree, entry
 * by entry where they do not. A table outside memory is skipped.
 *
 * <p>A valid entry without page table is told as passing requests through if it grants any access;
 * entries with V = 0, which describe no device as a rule, are not told.
 */
public final class TableEnumeration {

    /**
     * Most tables read for one requester: 2^20 tables take 4 GiB, twice what memory can hold, so
     * that only tables which are used again and again can exceed it.
     */
    private static final int MAX_TABLES = 1 << 20;
    private static final long ACCESSED =
            PageTableEntry.A.mask() | PageTableEntry.D.mask();

    private final PhysicalMemory memory;
    private final DeviceTable deviceTable;
    private final WalkResult read = new WalkResult();
    private MappingVisitor visitor;
    private int source;
    private int domain;
    private int tables;

    public TableEnumeration(PhysicalMemory memory, DeviceTable deviceTable) {
        this.memory = memory;
        this.deviceTable = deviceTable;
    }

    /**
     * Tells them.
     *
     * @throws IllegalStateException if the tables of a requester are used over and over
     */
    public void tell(MappingVisitor newVisitor) {
        visitor = newVisitor;
        int devices = Math.min(deviceTable.entries(), 1 << 16);
        for (source = 0; source < devices; source++) {
            if (!deviceTable.read(source, read, WalkListener.NONE)
                    || !ContextTag.VALID.isSet(read.tag)) {
                continue;
            }
            if (DeviceTableEntry.IV.isSet(read.interrupts) && DeviceTableEntry.INT_CTL
                    .of(read.interrupts) == DeviceTableEntry.INT_REMAP) {
                visitor.structure(DeviceTableEntry.INT_ROOT.of(read.interrupts) << 6,
                        DeviceTableEntry.interruptTableBytes(read.interrupts,
                                WideInterruptEntry.BYTES));
            }
            if (ContextTag.TRANSLATES.isSet(read.tag)) {
                requester((int) ContextTag.RIGHTS.of(read.tag));
            }
        }
    }

    private void requester(int rights) {
        domain = (int) ContextTag.DOMAIN.of(read.tag);
        int levels = (int) ContextTag.LEVELS.of(read.tag);
        if (rights != Access.NONE && levels == 0) {
            visitor.passThrough(source, domain);
        } else if (rights != Access.NONE) {
            tables = 0;
            table(read.root, levels, 0, rights);
        }
    }

    /** One level deeper a call; at most six. */
    private void table(long table, int level, long iova, int rights) {
        if (!memory.contains(table, PhysicalMemory.PAGE_BYTES)) {
            return;
        }
        if (++tables > MAX_TABLES) {
            throw new IllegalStateException("more than " + MAX_TABLES
                    + " page tables for requester 0x" + Integer.toHexString(source));
        }
        visitor.structure(table, PhysicalMemory.PAGE_BYTES);
        // Of a table of level 6 only the entries that 64 address bits reach.
        int end = level == PageTableEntry.MAX_LEVEL ? 1 << 64 - PageTableEntry.shift(level) : 512;
        for (int i = 0; i < end;) {
            long entry = memory.read64(table + (long) i * PageTableEntry.BYTES);
            long at = iova | (long) i << PageTableEntry.shift(level);
            int granted = rights & ContextTag.rights(entry);
            int told = 1;
            if (granted != Access.NONE) {
                switch (PageTableWalk.kind(entry, level)) {
                    case PAGE -> told = page(table, i, entry, level, at, granted);
                    case DIRECTORY -> table(PageTableEntry.ADDRESS.inPlace(entry),
                            (int) PageTableEntry.NEXT_LEVEL.of(entry), at, granted);
                    default -> { }
                }
            }
            i += told;
        }
    }

    /** Tells a page; returns how many entries of its table that covers. */
    private int page(long table, int index, long entry, int level, long iova, int rights) {
        int covers = PageTableEntry.shift(level);
        int shift = PageTableWalk.pageShift(entry, level);
        int copies = 1 << shift - covers;
        if (index % copies == 0 && agree(table, index, copies)) {
            visitor.mapping(source, domain, iova, PageTableWalk.page(entry, shift), 1L << shift,
                    rights);
            return copies;
        }
        long offset = iova & (1L << shift) - 1;
        visitor.mapping(source, domain, iova, PageTableWalk.page(entry, shift) | offset,
                1L << covers, rights);
        return 1;
    }

    private boolean agree(long table, int first, int copies) {
        long entry = memory.read64(table + (long) first * PageTableEntry.BYTES);
        for (int i = first + 1; i < first + copies; i++) {
            long other = memory.read64(table + (long) i * PageTableEntry.BYTES);
            if (((entry ^ other) & ~ACCESSED) != 0) {
                return false;
            }
        }
        return true;
    }
}
