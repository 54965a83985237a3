// SPDX-License-Identifier: Apache-2.0
package iommu.amdvi.unit.qemu;

import static iommu.api.bits.BitField.bits;

import iommu.amdvi.AmdViRegisters;
import iommu.amdvi.DeviceTableEntry;
import iommu.amdvi.Event;
import iommu.amdvi.EventCode;
import iommu.amdvi.PageTableEntry;
import iommu.amdvi.unit.caches.ContextTag;
import iommu.amdvi.unit.tables.EntryFormatter;
import iommu.amdvi.unit.tables.PageTableWalk;
import iommu.amdvi.unit.tables.WalkResult;
import iommu.api.bits.BitField;
import iommu.api.bits.RegisterFile;
import iommu.api.memory.PhysicalMemory;
import iommu.api.unit.CacheLookup;
import iommu.api.unit.Translation;
import iommu.api.unit.WalkListener;
import iommu.api.unit.WalkRecording;

/**
 * The way of a request through the unit of QEMU 7.2, where it differs from the manual's: the cache
 * of pages is asked before the device table, whose entries are not cached and whose size is not
 * checked; the walk follows any Next Level, indexes by nine bits whatever lies above them, asks
 * each directory entry for the right, and takes the page entry's own rights, present or not.
 *
 * <p>QEMU follows tables that lead back to themselves for ever; here the walk ends.
 */
public final class QemuTranslator {

    private static final BitField RESERVED_Q2 = bits(53, 52);
    private static final BitField RESERVED_Q3_LOW = bits(14, 0);
    private static final BitField RESERVED_Q3_HIGH = bits(53, 48);
    private static final long INTERRUPTS = 0xfee;
    private static final int PASS_SHIFT = 12;
    /** More than any test's tables have, few enough to end soon. */
    private static final int MAX_STEPS = 1 << 10;

    private final PhysicalMemory memory;
    private final QemuTlb tlb;
    private long table;

    public QemuTranslator(RegisterFile registers, PhysicalMemory memory, QemuTlb tlb) {
        this.memory = memory;
        this.tlb = tlb;
        table = AmdViRegisters.BASE.inPlace(registers.get(AmdViRegisters.DEV_TAB));
        registers.onWrite(AmdViRegisters.DEV_TAB, (written, mask) -> {
            if (counts(mask)) {
                table = AmdViRegisters.BASE.inPlace(registers.get(AmdViRegisters.DEV_TAB));
            }
        });
    }

    /** Returns whether a write to a base makes it count: to all of it, or not to its first byte. */
    static boolean counts(long mask) {
        return mask == -1 || (mask & 1) == 0;
    }

    /** Translates a request; the result is as {@link Translation} packs it. */
    public long translate(int device, long address, int access, WalkResult found) {
        found.slot = -1;
        found.denied = false;
        if (address >>> 20 == INTERRUPTS) {
            return Translation.untranslated();
        }
        int hit = tlb.find(device, address);
        if (hit >= 0) {
            found.rights = tlb.rights(hit);
            found.page = tlb.page(hit);
            found.pageShift = tlb.pageShift(hit);
            return translated(address, access, found);
        }
        if (!entry(device, found, WalkListener.NONE)) {
            return Translation.blocked(found.fault.number());
        }
        if (!ContextTag.VALID.isSet(found.tag)) {
            return Translation.untranslated();
        }
        if (!page(address, access, found, WalkListener.NONE)) {
            return Translation.blocked(found.fault.number());
        }
        if (found.rights != 0) {
            tlb.insert(device, (int) ContextTag.DOMAIN.of(found.tag), address, found.page,
                    found.pageShift, found.rights);
        }
        return translated(address, access, found);
    }

    /** Does the same by the tables alone. */
    public long explain(int device, long address, int access, WalkResult read,
            WalkListener listener) {
        if (address >>> 20 == INTERRUPTS) {
            return Translation.untranslated();
        }
        if (!entry(device, read, listener)) {
            return Translation.blocked(read.fault.number());
        }
        if (!ContextTag.VALID.isSet(read.tag)) {
            return Translation.untranslated();
        }
        return page(address, access, read, listener) ? translated(address, access, read)
                : Translation.blocked(read.fault.number());
    }

    /** Tells what {@link #translate} would do, and changes nothing. */
    public long follow(int device, long address, int access, WalkListener listener) {
        var told = new WalkRecording();
        var memory = new WalkResult();
        long now = explain(device, address, access, memory, told);
        int hit = address >>> 20 == INTERRUPTS ? -1 : tlb.find(device, address);
        var lookup = EntryFormatter.entry("TLB", address).with("page",
                EntryFormatter.hex(address >>> PASS_SHIFT << PASS_SHIFT));
        if (hit < 0) {
            lookup.decides(listener, "not kept, the tables are asked", CacheLookup.miss("TLB"));
            told.tell(listener, CacheLookup.none());
            return now;
        }
        var kept = new WalkResult();
        kept.rights = tlb.rights(hit);
        kept.page = tlb.page(hit);
        kept.pageShift = tlb.pageShift(hit);
        long outcome = translated(address, access, kept);
        lookup.decides(listener, "kept, no table is read", CacheLookup.hit("TLB", "the page at "
                + EntryFormatter.hex(kept.page) + ", " + EntryFormatter.rights(kept.rights),
                outcome != now));
        told.tell(listener, CacheLookup.skipped("TLB"));
        return outcome;
    }

    private static long translated(long address, int access, WalkResult found) {
        if ((found.rights & access) != access) {
            found.fail(EventCode.IO_PAGE_FAULT, Event.PRESENT | Event.PERMISSION);
            found.denied = true;
            return Translation.blocked(found.fault.number());
        }
        long inPage = (1L << found.pageShift) - 1;
        long to = found.page & ~inPage | address & inPage;
        // Pages may be so large that the address has more bits than any memory.
        return to >>> 52 == 0 ? Translation.to(to, found.pageShift) : Translation.untranslated();
    }

    private boolean entry(int device, WalkResult result, WalkListener listener) {
        long at = table + (long) device * DeviceTableEntry.BYTES;
        if (!memory.contains(at, DeviceTableEntry.BYTES)) {
            return result.fail(EventCode.DEV_TAB_HARDWARE_ERROR, Event.MASTER_ABORT, at);
        }
        long q0 = memory.read64(at);
        long q1 = memory.read64(at + 8);
        long q2 = memory.read64(at + 16);
        long q3 = memory.read64(at + 24);
        // An entry that is not valid is looked at too.
        boolean legal = !DeviceTableEntry.RESERVED_LOW.isSet(q0)
                && !DeviceTableEntry.RESERVED_63.isSet(q0) && !RESERVED_Q2.isSet(q2)
                && !RESERVED_Q3_LOW.isSet(q3) && !RESERVED_Q3_HIGH.isSet(q3);
        if (listener != WalkListener.NONE) {
            EntryFormatter.entry("device table entry", at, q0, q1, q2, q3)
                    .with("V", DeviceTableEntry.V).with("TV", DeviceTableEntry.TV)
                    .with("Mode", DeviceTableEntry.MODE).at("PTRoot", DeviceTableEntry.PT_ROOT)
                    .decides(listener, legal ? "taken as QEMU 7.2 takes it"
                            : EventCode.ILLEGAL_DEV_TABLE_ENTRY.text());
        }
        result.tag = ContextTag.of(q0, q1);
        result.root = DeviceTableEntry.PT_ROOT.inPlace(q0);
        result.interrupts = q2;
        return legal || result.fail(EventCode.ILLEGAL_DEV_TABLE_ENTRY, Event.RESERVED);
    }

    private boolean page(long address, int access, WalkResult result, WalkListener listener) {
        long tag = result.tag;
        int levels = (int) ContextTag.LEVELS.of(tag);
        if (!ContextTag.TRANSLATES.isSet(tag) || levels == 0) {
            result.rights = (int) ContextTag.RIGHTS.of(tag);
            result.page = address & -(1L << PASS_SHIFT);
            result.pageShift = PASS_SHIFT;
            return true;
        }
        if (levels == DeviceTableEntry.MODE_RESERVED) {
            return result.fail(EventCode.ILLEGAL_DEV_TABLE_ENTRY, 0);
        }
        if (((int) ContextTag.RIGHTS.of(tag) & access) != access) {
            return result.fail(EventCode.IO_PAGE_FAULT, Event.PRESENT | Event.PERMISSION);
        }
        return walk(result.root, levels, address, access, result, listener);
    }

    private boolean walk(long root, int levels, long address, int access, WalkResult result,
            WalkListener listener) {
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
                        .decides(listener, "taken as QEMU 7.2 takes it");
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
