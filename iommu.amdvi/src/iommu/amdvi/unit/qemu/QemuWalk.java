// SPDX-License-Identifier: Apache-2.0
package iommu.amdvi.unit.qemu;

import iommu.amdvi.Event;
import iommu.amdvi.EventCode;
import iommu.amdvi.PageTableEntry;
import iommu.amdvi.unit.caches.ContextTag;
import iommu.amdvi.unit.tables.EntryFormatter;
import iommu.amdvi.unit.tables.PageTableWalk;
import iommu.amdvi.unit.tables.WalkResult;
import iommu.api.memory.PhysicalMemory;
import iommu.api.unit.WalkListener;

/**
 * How QEMU up to 10 walks a page table: it follows any Next Level, indexes by nine bits whatever
 * lies above them, asks each directory entry for the right, and takes the page entry's own rights,
 * present or not. Tables that lead back to themselves it follows for ever; here the walk ends.
 */
final class QemuWalk {

    /** More than any test's tables have, few enough to end soon. */
    private static final int MAX_STEPS = 1 << 10;

    private final PhysicalMemory memory;
    /** Hears the entries that are read. */
    private final WalkListener listener;

    QemuWalk(PhysicalMemory memory, WalkListener listener) {
        this.memory = memory;
        this.listener = listener;
    }

    /** Walks; on success page, size and rights are in {@code result}, else it has failed there. */
    boolean walk(long root, int levels, long address, int access, WalkResult result) {
        long at = root;
        int level = levels;
        for (int step = 0; step < MAX_STEPS; step++) {
            at += (long) PageTableEntry.index(address, level) * PageTableEntry.BYTES;
            if (!memory.contains(at, PageTableEntry.BYTES)) {
                return result.fail(EventCode.PAGE_TAB_HARDWARE_ERROR, Event.MASTER_ABORT, at);
            }
            long entry = memory.read64(at);
            if (listener != WalkListener.NONE) {
                EntryFormatter.entry("page table entry, level " + level, at, entry)
                        .with("PR", PageTableEntry.PR)
                        .with("NextLevel", PageTableEntry.NEXT_LEVEL)
                        .at("Address", PageTableEntry.ADDRESS).with("IR", PageTableEntry.IR)
                        .with("IW", PageTableEntry.IW)
                        .decides(listener, "taken as QEMU takes it");
            }
            int next = (int) PageTableEntry.NEXT_LEVEL.of(entry);
            if (next == PageTableEntry.PAGE || next == PageTableEntry.PAGE_OF_ENCODED_SIZE) {
                result.pageShift = next == PageTableEntry.PAGE ? PageTableEntry.shift(level)
                        : PageTableEntry.encodedShift(PageTableEntry.ADDRESS.inPlace(entry));
                result.page = PageTableWalk.page(entry, result.pageShift);
                result.rights = ContextTag.rights(entry);
                return true;
            }
            if (!PageTableEntry.PR.isSet(entry) || (ContextTag.rights(entry) & access) != access) {
                return result.fail(EventCode.IO_PAGE_FAULT, 0);
            }
            at = PageTableEntry.ADDRESS.inPlace(entry);
            level = next;
        }
        return result.fail(EventCode.IO_PAGE_FAULT, Event.PRESENT);
    }
}
