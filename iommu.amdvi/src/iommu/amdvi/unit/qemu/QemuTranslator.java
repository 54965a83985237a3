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
    private static final String TLB = "TLB";
    /** More than any test's tables have, few enough to end soon. */
    private static final int MAX_STEPS = 1 << 10;

    private final PhysicalMemory memory;
    private final QemuTlb tlb;
    /** Hears the entries that are read. */
    private final WalkListener listener;
    /** Hears what the TLB knows; null if nobody does. */
    private final WalkListener told;
    private long table;

    public QemuTranslator(RegisterFile registers, PhysicalMemory memory, QemuTlb tlb) {
        this.memory = memory;
        this.tlb = tlb;
        listener = WalkListener.NONE;
        told = null;
        table = AmdViRegisters.BASE.inPlace(registers.get(AmdViRegisters.DEV_TAB));
        registers.onWrite(AmdViRegisters.DEV_TAB, (written, mask) -> {
            if (counts(mask)) {
                table = AmdViRegisters.BASE.inPlace(registers.get(AmdViRegisters.DEV_TAB));
            }
        });
    }

    private QemuTranslator(QemuTranslator other, QemuTlb tlb, WalkListener listener,
            WalkListener told) {
        memory = other.memory;
        table = other.table;
        this.tlb = tlb;
        this.listener = listener;
        this.told = told;
    }

    /** Returns the same with nothing cached, which tells the entries that it reads. */
    public QemuTranslator explaining(WalkListener hears) {
        return new QemuTranslator(this, new QemuTlb(), hears, null);
    }

    /** Returns the same over a copy of the TLB, which tells what that knows, and the entries. */
    public QemuTranslator following(WalkListener hears) {
        return new QemuTranslator(this, tlb.copy(), (structure, address, words, fields, decision)
                -> hears.step(structure, address, words, fields, decision, CacheLookup.none()),
                hears);
    }

    /** Returns whether a write to a base makes it count: to all of it, or not to its first byte. */
    static boolean counts(long mask) {
        return mask == -1 || (mask & 1) == 0;
    }

    /** Translates a request; the result is as {@link Translation} packs it. */
    public long translate(int device, long address, int access, WalkResult found) {
        found.slot = -1;
        found.denied = false;
        boolean message = address >>> 20 == INTERRUPTS;
        int hit = message ? -1 : tlb.find(device, address);
        if (told != null) {
            tell(device, address, access, hit);
        }
        if (message) {
            return Translation.untranslated();
        }
        if (hit >= 0) {
            take(hit, found);
            return translated(address, access, found);
        }
        if (!entry(device, found)) {
            return Translation.blocked(found.fault.number());
        }
        if (!ContextTag.VALID.isSet(found.tag)) {
            return Translation.untranslated();
        }
        if (!page(address, access, found)) {
            return Translation.blocked(found.fault.number());
        }
        if (found.rights != 0) {
            tlb.insert(device, (int) ContextTag.DOMAIN.of(found.tag), address, found.page,
                    found.pageShift, found.rights);
        }
        return translated(address, access, found);
    }

    /** Tells what the TLB knows, and if that is a page, what the tables say beside it. */
    private void tell(int device, long address, int access, int hit) {
        var lookup = EntryFormatter.entry(TLB, address).with("page",
                EntryFormatter.hex(address >>> PASS_SHIFT << PASS_SHIFT));
        if (hit < 0) {
            lookup.decides(told, "not kept, the tables are asked", CacheLookup.miss(TLB));
            return;
        }
        var beside = new WalkRecording();
        long now = explaining(beside).translate(device, address, access, new WalkResult());
        var kept = new WalkResult();
        take(hit, kept);
        lookup.decides(told, "kept, no table is read", CacheLookup.hit(TLB, "the page at "
                + EntryFormatter.hex(kept.page) + ", " + EntryFormatter.rights(kept.rights),
                translated(address, access, kept) != now));
        beside.tell(told, CacheLookup.skipped(TLB));
    }

    private void take(int slot, WalkResult into) {
        into.rights = tlb.rights(slot);
        into.page = tlb.page(slot);
        into.pageShift = tlb.pageShift(slot);
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

    private boolean entry(int device, WalkResult result) {
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

    private boolean page(long address, int access, WalkResult result) {
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
        return walk(result.root, levels, address, access, result);
    }

    private boolean walk(long root, int levels, long address, int access, WalkResult result) {
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
