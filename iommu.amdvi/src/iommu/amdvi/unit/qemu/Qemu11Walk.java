// SPDX-License-Identifier: Apache-2.0
package iommu.amdvi.unit.qemu;

import iommu.amdvi.EventCode;
import iommu.amdvi.PageTableEntry;
import iommu.amdvi.unit.caches.ContextTag;
import iommu.amdvi.unit.tables.EntryFormatter;
import iommu.amdvi.unit.tables.WalkResult;
import iommu.api.memory.PhysicalMemory;
import iommu.api.pcie.Access;
import iommu.api.unit.WalkListener;

/**
 * How QEMU 11 walks a page table: as Next Level says, to whatever level further down. Where the
 * levels so far leave no right at all, the walk ends at that entry as if it were a page; else the
 * rights are those of the last entry alone.
 *
 * <p>Source: QEMU 11.1.3, observed; hw/i386/amd_iommu.c, {@code fetch_pte}.
 */
final class Qemu11Walk {

    /** An entry that QEMU cannot tell from one that it could not read. */
    private static final long UNREADABLE = -1;

    private final PhysicalMemory memory;
    /** Hears the entries that are read. */
    private final WalkListener listener;
    /** Gets page tables that cannot be read; null where nothing is logged. */
    private final QemuEventLog log;

    Qemu11Walk(PhysicalMemory memory, WalkListener listener, QemuEventLog log) {
        this.memory = memory;
        this.listener = listener;
        this.log = log;
    }

    /**
     * Walks; on success page, size and rights are in {@code result}, else it has failed there.
     *
     * @param function as events name it: QEMU leaves out the bus
     */
    boolean walk(int function, long address, int access, WalkResult result) {
        int mode = (int) ContextTag.LEVELS.of(result.tag);
        int rights = (int) ContextTag.RIGHTS.of(result.tag);
        if (rights == Access.NONE || !covers(mode, address)) {
            return result.fail(EventCode.IO_PAGE_FAULT, 0);
        }
        long table = result.root;
        for (int level = mode; level > 0;) {
            long at = table + (long) PageTableEntry.index(address, level) * PageTableEntry.BYTES;
            if (!memory.contains(at, PageTableEntry.BYTES)) {
                if (log != null) {
                    log.log(EventCode.PAGE_TAB_HARDWARE_ERROR, function, 0);
                }
                return result.fail(EventCode.IO_PAGE_FAULT, 0);
            }
            long entry = memory.read64(at);
            tell(level, at, entry);
            rights &= ContextTag.rights(entry);
            int next = (int) PageTableEntry.NEXT_LEVEL.of(entry);
            boolean walksOn = rights != Access.NONE;
            if (entry == UNREADABLE || walksOn && !PageTableEntry.PR.isSet(entry)) {
                return result.fail(EventCode.IO_PAGE_FAULT, 0);
            }
            if (!walksOn || next == PageTableEntry.PAGE
                    || next == PageTableEntry.PAGE_OF_ENCODED_SIZE) {
                return page(entry, level,
                        walksOn && next == PageTableEntry.PAGE_OF_ENCODED_SIZE, access, result);
            }
            // a table that does not lie further down
            if (next >= level) {
                return result.fail(EventCode.IO_PAGE_FAULT, 0);
            }
            level = next;
            table = PageTableEntry.ADDRESS.inPlace(entry);
        }
        return result.fail(EventCode.IO_PAGE_FAULT, 0);
    }

    private static boolean covers(int mode, long address) {
        return mode >= PageTableEntry.MAX_LEVEL
                || address >>> PageTableEntry.shift(mode + 1) == 0;
    }

    private static boolean page(long entry, int level, boolean encoded, int access,
            WalkResult result) {
        int rights = ContextTag.rights(entry);
        if (!PageTableEntry.PR.isSet(entry) || (rights & access) != access) {
            return result.fail(EventCode.IO_PAGE_FAULT, 0);
        }
        result.pageShift = encoded ? PageTableEntry.encodedShift(entry) & Long.SIZE - 1
                : PageTableEntry.shift(level);
        result.page = PageTableEntry.ADDRESS.inPlace(entry) & -1L << result.pageShift;
        result.rights = rights;
        return true;
    }

    private void tell(int level, long at, long entry) {
        if (listener != WalkListener.NONE) {
            EntryFormatter.entry("page table entry, level " + level, at, entry)
                    .with("PR", PageTableEntry.PR)
                    .with("NextLevel", PageTableEntry.NEXT_LEVEL)
                    .at("Address", PageTableEntry.ADDRESS).with("IR", PageTableEntry.IR)
                    .with("IW", PageTableEntry.IW)
                    .decides(listener, "taken as QEMU 11 takes it");
        }
    }
}
