// SPDX-License-Identifier: Apache-2.0
package iommu.amdvi.unit.qemu;

import iommu.amdvi.AmdViRegisters;
import iommu.amdvi.Control;
import iommu.amdvi.DeviceTableEntry;
import iommu.amdvi.Event;
import iommu.amdvi.EventCode;
import iommu.amdvi.unit.caches.ContextTag;
import iommu.amdvi.unit.tables.EntryFormatter;
import iommu.amdvi.unit.tables.WalkResult;
import iommu.api.bits.RegisterFile;
import iommu.api.memory.PhysicalMemory;
import iommu.api.pcie.Access;
import iommu.api.unit.CacheLookup;
import iommu.api.unit.Interrupt;
import iommu.api.unit.Translation;
import iommu.api.unit.WalkListener;
import iommu.api.unit.WalkRecording;

/**
 * The way of a request through the unit of QEMU, where it differs from the manual's: the cache of
 * pages is asked before the device table ({@link QemuDeviceTable}), whose entries are not cached,
 * and the walk is another one ({@link QemuWalk}).
 *
 * <p>QEMU 11 walks as {@link Qemu11Walk} does, logs what it finds wrong, and lets a device pass
 * until its entry was invalidated ({@link RemappedDevices}).
 */
public final class QemuTranslator {

    private static final long INTERRUPTS = 0xfee;
    private static final int PASS_SHIFT = 12;
    /** Bits of an address that a translation holds. */
    private static final int MOST_BITS = 52;
    /** The version that logs events and walks otherwise. */
    static final int NEWEST = 11;
    /** What of a device's id is not its bus. */
    private static final int FUNCTION = 0xff;
    private static final String TLB = "TLB";

    private final PhysicalMemory memory;
    private final QemuTlb tlb;
    /** Hears the entries that are read. */
    private final WalkListener listener;
    /** Hears what the TLB knows; null if nobody does. */
    private final WalkListener told;
    private final QemuEventLog log;
    private final RemappedDevices remapped;
    private final Qemu11Walk newest;
    private final QemuWalk older;
    private final QemuDeviceTable entries;
    private final QemuInterrupts interrupts;

    /**
     * @param log of QEMU 11; null for older ones
     * @param remaps whether QEMU 11 has devices translated at all, property dma-remap
     * @param interrupts what becomes of messages
     */
    public QemuTranslator(RegisterFile registers, PhysicalMemory memory, QemuTlb tlb,
            QemuEventLog log, boolean remaps, QemuInterrupts interrupts) {
        this.memory = memory;
        this.tlb = tlb;
        this.log = log;
        remapped = log == null ? null : new RemappedDevices(remaps,
                Control.IOMMU_EN.isSet(registers.get(AmdViRegisters.CONTROL)));
        newest = log == null ? null : new Qemu11Walk(memory, WalkListener.NONE, log);
        listener = WalkListener.NONE;
        told = null;
        entries = new QemuDeviceTable(registers, memory, log != null);
        older = new QemuWalk(memory, WalkListener.NONE);
        this.interrupts = interrupts;
    }

    private QemuTranslator(QemuTranslator other, QemuTlb tlb, WalkListener listener,
            WalkListener told) {
        memory = other.memory;
        entries = other.entries;
        older = new QemuWalk(memory, listener);
        interrupts = other.interrupts.telling(listener);
        log = null;
        remapped = other.remapped;
        newest = other.newest == null ? null : new Qemu11Walk(memory, listener, null);
        this.tlb = tlb;
        this.listener = listener;
        this.told = told;
    }

    /** Returns the same with nothing cached, which tells the entries that it reads. */
    public QemuTranslator explaining(WalkListener hears) {
        return new QemuTranslator(this, tlb.empty(), hears, null);
    }

    /** Returns the same over a copy of the TLB, which tells what that knows, and the entries. */
    public QemuTranslator following(WalkListener hears) {
        return new QemuTranslator(this, tlb.copy(), (structure, address, words, fields, decision)
                -> hears.step(structure, address, words, fields, decision, CacheLookup.none()),
                hears);
    }

    /** Translates a request; the result is as {@link Translation} packs it. */
    public long translate(int device, long address, int access, WalkResult found) {
        begin(found);
        if (remapped != null && remapped.passes(device)) {
            return Translation.untranslated();
        }
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
            return newest == null || address >>> MOST_BITS != 0 ? Translation.untranslated()
                    : Translation.to(address, PASS_SHIFT);
        }
        if (!(newest == null ? page(address, access, found)
                : newestPage(device, address, access, found))) {
            return Translation.blocked(found.fault.number());
        }
        if (found.rights != 0) {
            tlb.insert(device, (int) ContextTag.DOMAIN.of(found.tag), address, found.page,
                    found.pageShift, found.rights);
        }
        return translated(address, access, found);
    }

    private void begin(WalkResult found) {
        found.slot = -1;
        found.denied = false;
        if (log != null) {
            log.wrote();
        }
    }

    /** Takes a message of a device; the result is as {@link Interrupt} packs it. */
    public long interrupt(int device, long address, int data, WalkResult found) {
        begin(found);
        if (!entries.isBased()) {
            return Interrupt.unchanged();
        }
        return entry(device, found) ? interrupts.remap(address, data, found.interrupts, found)
                : Interrupt.blocked(found.fault.number());
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
        if (to >>> MOST_BITS != 0) {
            // pages may be so large that the address has more bits than any memory
            return to == address ? Translation.untranslated()
                    : Translation.to(1L << MOST_BITS - 1 | to & (1L << MOST_BITS) - 1, PASS_SHIFT);
        }
        return Translation.to(to, found.pageShift);
    }

    /** Takes notice of INVALIDATE_DEVTAB_ENTRY, at which QEMU 11 looks at the entry. */
    void entryInvalidated(int device) {
        if (remapped != null && remapped.remaps()) {
            var found = new WalkResult();
            boolean readable = entry(device, found);
            remapped.invalidated(device, readable, found.tag);
        }
    }

    private boolean entry(int device, WalkResult result) {
        boolean taken = entries.read(device, result, listener);
        if (!taken && log != null) {
            log.log(result.fault, device, 0);
        }
        return taken;
    }

    private boolean page(long address, int access, WalkResult result) {
        long tag = result.tag;
        int levels = (int) ContextTag.LEVELS.of(tag);
        if (!ContextTag.TRANSLATES.isSet(tag) || levels == 0) {
            return itself(address, result);
        }
        if (levels == DeviceTableEntry.MODE_RESERVED) {
            return result.fail(EventCode.ILLEGAL_DEV_TABLE_ENTRY, 0);
        }
        if (((int) ContextTag.RIGHTS.of(tag) & access) != access) {
            return result.fail(EventCode.IO_PAGE_FAULT, Event.PRESENT | Event.PERMISSION);
        }
        return older.walk(result.root, levels, address, access, result);
    }

    /** Finds the address itself, with the rights of the device's entry. */
    private static boolean itself(long address, WalkResult result) {
        result.rights = (int) ContextTag.RIGHTS.of(result.tag);
        result.page = address & -(1L << PASS_SHIFT);
        result.pageShift = PASS_SHIFT;
        return true;
    }

    /** TV = 0 and a mode that is reserved block without an event, which that reason stands for. */
    private boolean newestPage(int device, long address, int access, WalkResult result) {
        int levels = (int) ContextTag.LEVELS.of(result.tag);
        if (!ContextTag.TRANSLATES.isSet(result.tag) || levels == DeviceTableEntry.MODE_RESERVED) {
            return result.fail(EventCode.ILLEGAL_DEV_TABLE_ENTRY, 0);
        }
        if (levels == 0) {
            return itself(address, result);
        }
        int function = device & FUNCTION;
        boolean mapped = newest.walk(function, address, access, result);
        if (!mapped && log != null) {
            log.pageFault(function, access == Access.WRITE);
        }
        return mapped;
    }
}
