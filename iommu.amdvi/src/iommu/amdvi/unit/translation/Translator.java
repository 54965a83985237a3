// SPDX-License-Identifier: Apache-2.0
package iommu.amdvi.unit.translation;

import iommu.amdvi.Event;
import iommu.amdvi.EventCode;
import iommu.amdvi.unit.caches.Caches;
import iommu.amdvi.unit.caches.ContextTag;
import iommu.amdvi.unit.caches.DirectoryCache;
import iommu.amdvi.unit.caches.DteCache;
import iommu.amdvi.unit.caches.Generation;
import iommu.amdvi.unit.caches.Tlb;
import iommu.amdvi.unit.interrupts.InterruptRemapping;
import iommu.amdvi.unit.qemu.QemuTranslator;
import iommu.amdvi.unit.registers.ExclusionRange;
import iommu.amdvi.unit.settings.UnitSettings;
import iommu.amdvi.unit.tables.DeviceTable;
import iommu.amdvi.unit.tables.PageTableWalk;
import iommu.amdvi.unit.tables.WalkResult;
import iommu.api.bits.RegisterFile;
import iommu.api.memory.PhysicalMemory;
import iommu.api.pcie.Access;
import iommu.api.unit.Interrupt;
import iommu.api.unit.Translation;
import iommu.api.unit.WalkListener;

/**
 * The way of a request through an enabled unit: device table entry, page table, and the caches of
 * both. Why a request was blocked is in {@link #result} until the next one.
 *
 * <p>Source: 48882, "Device Table Entry Format" and "I/O Page Tables for Host Translations".
 */
public final class Translator {

    private static final int PASS_SHIFT = 12;
    private static final long INTERRUPTS = 0xfee;

    private final DeviceTable deviceTable;
    private final Caches caches;
    private final Generation generation;
    private final DteCache entries;
    private final DirectoryCache directories;
    private final Tlb tlb;
    private final boolean cacheNotPresent;
    private final PageTableWalk pageTables;
    private final ExclusionRange exclusion;
    private final InterruptRemapping interrupts;
    private final QemuTranslator qemu;
    /** Null without, as {@link #fastPath}. */
    private final FastPathCache front;
    private final FastPath fastPath;
    /** Hears the entries that are read. */
    private final WalkListener listener;
    /** Tells what caches know; null if nobody listens to that. */
    private final CacheTeller teller;
    private final WalkResult found = new WalkResult();

    /** @param qemu the order that all requests take; null for the manual's */
    public Translator(RegisterFile registers, PhysicalMemory memory, DeviceTable deviceTable,
            Caches caches, UnitSettings settings, QemuTranslator qemu) {
        this.deviceTable = deviceTable;
        this.caches = caches;
        generation = caches.generation();
        entries = caches.entries();
        directories = caches.directories();
        tlb = caches.tlb();
        cacheNotPresent = settings.cacheNotPresent();
        pageTables = new PageTableWalk(memory);
        exclusion = new ExclusionRange(registers, caches.generation()::next);
        interrupts = new InterruptRemapping(registers, memory, caches.interrupts());
        this.qemu = qemu;
        boolean fast = settings.fastPath() && qemu == null;
        front = fast ? new FastPathCache() : null;
        fastPath = fast ? new FastPath(caches, pageTables, exclusion) : null;
        listener = WalkListener.NONE;
        teller = null;
    }

    /**
     * The same way over other caches, told to a listener.
     *
     * @param tellsCaches whether what they know is told too
     */
    private Translator(Translator other, Caches caches, QemuTranslator qemu,
            WalkListener listener, boolean tellsCaches) {
        deviceTable = other.deviceTable;
        cacheNotPresent = other.cacheNotPresent;
        pageTables = other.pageTables;
        exclusion = other.exclusion;
        interrupts = other.interrupts.over(caches.interrupts(), listener);
        front = null;
        fastPath = null;
        this.caches = caches;
        generation = caches.generation();
        entries = caches.entries();
        directories = caches.directories();
        tlb = caches.tlb();
        this.qemu = qemu;
        this.listener = listener;
        teller = tellsCaches ? new CacheTeller(deviceTable, caches, pageTables, listener) : null;
    }

    /** Returns what the last request met. */
    public WalkResult result() {
        return found;
    }

    /** Translates a request; the result is as {@link Translation} packs it. */
    public long translate(int device, long address, int access) {
        if (front != null) {
            long known = front.find(device, address, access, generation.count());
            return known >= 0 ? known : unknown(device, address, access);
        }
        if (qemu != null) {
            return qemu.translate(device, address, access, found);
        }
        return modelled(device, address, access);
    }

    private long unknown(int device, long address, int access) {
        long outcome = fastPath.translate(device, address, access);
        return outcome != FastPath.UNDECIDED ? outcome : modelled(device, address, access);
    }

    private long keep(int device, long address, long translation, int rights) {
        if (front != null) {
            front.put(device, address, translation, rights, generation.count());
        }
        return translation;
    }

    private long modelled(int device, long address, int access) {
        // 1. The interrupt range holds messages.
        if (isInterrupt(address)) {
            return interruptRange(access, found);
        }
        // 2. The exclusion range may be open to everybody.
        boolean excluded = exclusion.contains(address);
        if (excluded && exclusion.isForAll()) {
            return Translation.untranslated();
        }
        // 3. The cache of device table entries, or the table behind it.
        int slot = entry(device);
        if (slot < 0) {
            return blocked(found);
        }
        long tag = found.tag;
        // 4. What the entry alone decides, if it is not the usual one.
        if (excluded || !ContextTag.admits(tag, address, access)) {
            if (forwards(tag, excluded)) {
                return Translation.untranslated();
            }
            if (!admits(tag, address, access, found)) {
                return blocked(found);
            }
            if (ContextTag.LEVELS.of(tag) == 0) {
                return keep(device, address, Translation.to(address, PASS_SHIFT),
                        (int) ContextTag.RIGHTS.of(tag));
            }
        }
        // 5. The cache of pages, or the page table behind it.
        int domain = (int) ContextTag.DOMAIN.of(tag);
        int hit = tlb.find(domain, address);
        if (teller != null) {
            teller.page(hit, slot, address, access);
        }
        if (hit >= 0) {
            return (tlb.rights(hit) & access) == access
                    ? keep(device, address,
                            translated(tlb.page(hit), tlb.pageShift(hit), address),
                            tlb.rights(hit) & (int) ContextTag.RIGHTS.of(tag))
                    : denied(tlb.rights(hit));
        }
        return missed(domain, tag, slot, address, access);
    }

    private long missed(int domain, long tag, int slot, long address, int access) {
        if (walk(domain, tag, slot, address, access)) {
            tlb.insert(domain, address, found.page, found.pageShift, found.rights);
            return translated(found.page, found.pageShift, address);
        }
        if (cacheNotPresent && found.fault == EventCode.IO_PAGE_FAULT && found.flags == 0) {
            tlb.insert(domain, address, 0, PASS_SHIFT, Access.NONE);
        }
        return blocked(found);
    }

    /**
     * Takes a message of a device; the result is as {@link Interrupt} packs it. Whether the entry
     * is valid for DMA is of no account: IV has a say of its own.
     */
    public long interrupt(int device, long address, int data) {
        if (qemu != null) {
            return qemu.interrupt(device, address, data, found);
        }
        int slot = entry(device);
        if (slot < 0) {
            found.flags |= Event.INTERRUPT;
            return Interrupt.blocked(found.fault.number());
        }
        return interrupts.remap(device, address, data, entries.interrupts(slot), found);
    }

    /** Translates with nothing cached, by the tables in memory alone, and tells each entry. */
    public long explain(int device, long address, int access, WalkListener hears) {
        return new Translator(this, Caches.empty(), qemu == null ? null : qemu.explaining(hears),
                hears, false).translate(device, address, access);
    }

    /** Does what {@link #translate} would to a copy of the caches, and tells it. */
    public long follow(int device, long address, int access, WalkListener hears) {
        return following(hears).translate(device, address, access);
    }

    /** Does what {@link #interrupt} would to a copy of the caches, and tells it. */
    public long followInterrupt(int device, long address, int data, WalkListener hears) {
        return following(hears).interrupt(device, address, data);
    }

    private Translator following(WalkListener hears) {
        return new Translator(this, caches.copy(), qemu == null ? null : qemu.following(hears),
                hears, true);
    }

    /** Leaves slot and tag of a device in {@code found}; returns the slot, -1 for a fault. */
    private int entry(int device) {
        int slot = entries.find(device);
        found.slot = slot;
        if (slot >= 0) {
            found.tag = entries.tag(slot);
            if (teller != null) {
                teller.entry(device, slot);
            }
        } else if (deviceTable.read(device, found,
                teller == null ? listener : teller.entryMissed())) {
            slot = entries.insert(device, found.tag, found.root, found.interrupts);
            found.slot = slot;
        }
        return slot;
    }

    static boolean isInterrupt(long address) {
        return address >>> 20 == INTERRUPTS;
    }

    private static long interruptRange(int access, WalkResult result) {
        if (access == Access.WRITE) {
            return Translation.untranslated();
        }
        result.slot = -1;
        result.tag = 0;
        result.fail(EventCode.INVALID_DEVICE_REQUEST, 0);
        return blocked(result);
    }

    private static boolean forwards(long tag, boolean excluded) {
        return !ContextTag.VALID.isSet(tag) || excluded && ContextTag.EXCLUDES.isSet(tag);
    }

    /** Checks a request against a valid entry; on false the fault is in {@code result}. */
    private static boolean admits(long tag, long address, int access, WalkResult result) {
        int levels = (int) ContextTag.LEVELS.of(tag);
        // 4a. TV = 0: there is no translation.
        if (!ContextTag.TRANSLATES.isSet(tag)) {
            return result.fail(EventCode.IO_PAGE_FAULT, 0);
        }
        // 4b. IR and IW of the entry; where no table is, nothing is marked present.
        if (((int) ContextTag.RIGHTS.of(tag) & access) != access) {
            return result.fail(EventCode.IO_PAGE_FAULT,
                    levels == 0 ? 0 : Event.PRESENT | Event.PERMISSION);
        }
        // 4c. An address that the levels of the table do not reach.
        return levels == 0 || PageTableWalk.covers(levels, address)
                || result.fail(EventCode.IO_PAGE_FAULT, 0);
    }

    private boolean walk(int domain, long tag, int entry, long address, int access) {
        int levels = (int) ContextTag.LEVELS.of(tag);
        // 5a. The walk begins at the lowest table that is known, or at the root.
        long known = directories.find(domain, address, levels);
        boolean fromRoot = known == DirectoryCache.NONE;
        long table = fromRoot ? entries.root(entry) : DirectoryCache.table(known);
        int level = fromRoot ? levels : DirectoryCache.level(known);
        int rights = fromRoot ? PageTableWalk.ALL_RIGHTS : DirectoryCache.rights(known);
        WalkListener hears =
                teller == null ? listener : teller.tables(known, entry, address, access);
        // 5b. Step by step; FastPath takes the usual case at once.
        return pageTables.walk(domain, address, access, table, level, rights, directories,
                found, hears);
    }

    private static long translated(long page, int pageShift, long address) {
        return Translation.to(page | address & (1L << pageShift) - 1, pageShift);
    }

    private long denied(int rights) {
        found.fail(EventCode.IO_PAGE_FAULT,
                rights == Access.NONE ? 0 : Event.PRESENT | Event.PERMISSION);
        return blocked(found);
    }

    private static long blocked(WalkResult result) {
        return Translation.blocked(result.fault.number());
    }

    public InterruptRemapping interrupts() {
        return interrupts;
    }
}
