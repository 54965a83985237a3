// SPDX-License-Identifier: Apache-2.0
package iommu.amdvi.unit.translation;

import iommu.amdvi.EventCode;
import iommu.amdvi.PageTableEntry;
import iommu.amdvi.unit.caches.Caches;
import iommu.amdvi.unit.caches.ContextTag;
import iommu.amdvi.unit.caches.DirectoryCache;
import iommu.amdvi.unit.caches.DteCache;
import iommu.amdvi.unit.caches.Tlb;
import iommu.amdvi.unit.interrupts.InterruptRemapping;
import iommu.amdvi.unit.registers.ExclusionRange;
import iommu.amdvi.unit.tables.DeviceTable;
import iommu.amdvi.unit.tables.EntryFormatter;
import iommu.amdvi.unit.tables.PageTableWalk;
import iommu.amdvi.unit.tables.WalkResult;
import iommu.api.pcie.Access;
import iommu.api.unit.CacheLookup;
import iommu.api.unit.Interrupt;
import iommu.api.unit.Translation;
import iommu.api.unit.WalkListener;
import iommu.api.unit.WalkRecording;
import java.util.List;

/**
 * What {@link Translator} would do to a request now, told step by step: it asks the caches as that
 * does, and tells beside what they hold what memory says. Nothing is logged, no cache is filled.
 */
final class Following {

    private static final String ENTRIES = "device table entry cache";
    private static final String DIRECTORIES = "directory cache";
    private static final String TLB = "TLB";

    private final DeviceTable deviceTable;
    private final Caches caches;
    private final PageTableWalk pageTables;
    private final ExclusionRange exclusion;
    private final InterruptRemapping interrupts;

    Following(DeviceTable deviceTable, Caches caches, PageTableWalk pageTables,
            ExclusionRange exclusion, InterruptRemapping interrupts) {
        this.deviceTable = deviceTable;
        this.caches = caches;
        this.pageTables = pageTables;
        this.exclusion = exclusion;
        this.interrupts = interrupts;
    }

    /** Returns the packed outcome; steps as in {@link Translator#translate}. */
    long follow(int device, long address, int access, WalkListener listener) {
        var found = new WalkResult();
        if (Translator.isInterrupt(address)) {
            return Translator.interruptRange(access, found);
        }
        boolean excluded = exclusion.contains(address);
        if (excluded && exclusion.isForAll()) {
            return Translation.untranslated();
        }
        if (!entry(device, found, listener)) {
            return Translation.blocked(found.fault.number());
        }
        if (Translator.forwards(found.tag, excluded)) {
            return Translation.untranslated();
        }
        if (!Translator.admits(found.tag, address, access, found)) {
            return Translation.blocked(found.fault.number());
        }
        if (ContextTag.LEVELS.of(found.tag) == 0) {
            return Translation.to(address, Translator.PASS_SHIFT);
        }
        int slot = caches.tlb().find((int) ContextTag.DOMAIN.of(found.tag), address);
        boolean granted = slot < 0 ? missed(address, access, found, listener)
                : hit(slot, address, access, found, listener);
        return granted ? Translator.translated(found.page, found.pageShift, address)
                : Translation.blocked(found.fault.number());
    }

    /** Returns the packed outcome of a message. */
    long followInterrupt(int device, int data, WalkListener listener) {
        var found = new WalkResult();
        if (!entry(device, found, listener)) {
            return Interrupt.blocked(found.fault.number());
        }
        return ContextTag.VALID.isSet(found.tag)
                ? interrupts.follow(device, data, found.interrupts, found, listener)
                : Interrupt.unchanged();
    }

    // ---- device table ---------------------------------------------------------------------------

    private boolean entry(int device, WalkResult found, WalkListener listener) {
        var told = new WalkRecording();
        DteCache entries = caches.entries();
        int slot = entries.find(device);
        if (slot < 0) {
            boolean there = deviceTable.read(device, found, told);
            told.tell(listener, CacheLookup.miss(ENTRIES));
            return there;
        }
        var memory = new WalkResult();
        boolean there = deviceTable.read(device, memory, told);
        found.slot = slot;
        found.tag = entries.tag(slot) & ~ContextTag.FAULTED.mask();
        found.root = entries.root(slot);
        found.interrupts = entries.interrupts(slot);
        boolean stale = !there || memory.tag != found.tag || memory.root != found.root
                || memory.interrupts != found.interrupts;
        told.tell(listener, DeviceTable.ENTRY, CacheLookup.hit(ENTRIES, describe(found), stale),
                CacheLookup.skipped(ENTRIES));
        return true;
    }

    private static String describe(WalkResult found) {
        long tag = found.tag;
        if (!ContextTag.VALID.isSet(tag)) {
            return "not valid, requests are forwarded unchanged";
        }
        String rights = EntryFormatter.rights((int) ContextTag.RIGHTS.of(tag));
        String domain = "domain " + EntryFormatter.hex(ContextTag.DOMAIN.of(tag)) + ", ";
        if (!ContextTag.TRANSLATES.isSet(tag)) {
            return domain + "no valid translation information";
        }
        return domain + (ContextTag.LEVELS.of(tag) == 0 ? "no page table, "
                : "page table of " + ContextTag.LEVELS.of(tag) + " levels at "
                        + EntryFormatter.hex(found.root) + ", ") + rights;
    }

    // ---- pages ----------------------------------------------------------------------------------

    private boolean hit(int slot, long address, int access, WalkResult found,
            WalkListener listener) {
        var told = new WalkRecording();
        var memory = new WalkResult();
        boolean there = walkFromRoot(address, access, found, memory, told);
        Tlb tlb = caches.tlb();
        found.page = tlb.page(slot);
        found.pageShift = tlb.pageShift(slot);
        found.rights = tlb.rights(slot);
        found.fault = EventCode.IO_PAGE_FAULT;
        boolean granted = (found.rights & access) == access;
        boolean stale = there != granted || there && (memory.rights != found.rights
                || memory.pageShift != found.pageShift || memory.page != found.page);
        String value = found.rights == Access.NONE ? "not present"
                : "the page of " + (1L << found.pageShift - 10) + " KiB at "
                        + EntryFormatter.hex(found.page) + ", "
                        + EntryFormatter.rights(found.rights);
        lookup(address, found, granted ? "kept, no page table is read"
                : EntryFormatter.refusal("kept without the right that is needed", found.fault),
                CacheLookup.hit(TLB, value, stale), listener);
        told.tell(listener, CacheLookup.skipped(TLB));
        return granted;
    }

    private boolean walkFromRoot(long address, int access, WalkResult from, WalkResult into,
            WalkListener listener) {
        return pageTables.walk(0, address, access, from.root, (int) ContextTag.LEVELS.of(from.tag),
                PageTableWalk.ALL_RIGHTS, null, into, listener);
    }

    private boolean missed(long address, int access, WalkResult found, WalkListener listener) {
        lookup(address, found, "not kept, the page table is asked", CacheLookup.miss(TLB),
                listener);
        DirectoryCache directories = caches.directories();
        int domain = (int) ContextTag.DOMAIN.of(found.tag);
        int levels = (int) ContextTag.LEVELS.of(found.tag);
        int known = directories.find(domain, address, levels);
        var told = new WalkRecording();
        if (known < 0) {
            boolean granted = walkFromRoot(address, access, found, found, told);
            tell(told, 0, domain, address, listener);
            return granted;
        }
        var above = new WalkRecording();
        walkFromRoot(address, access, found, new WalkResult(), above);
        int lowest = directories.level(known);
        tell(above, lowest, domain, address, listener);
        if (above.steps().stream().noneMatch(s -> leadsOn(s)
                && PageTableEntry.NEXT_LEVEL.of(s.words()[0]) == lowest)) {
            listener.step("page table entry, cached", 0, new long[0], List.of(),
                    "memory does not lead to it any more",
                    CacheLookup.hit(DIRECTORIES, held(known), true));
        }
        boolean granted = pageTables.walk(domain, address, access, directories.table(known),
                lowest, directories.rights(known), null, found, told);
        tell(told, 0, domain, address, listener);
        return granted;
    }

    private static boolean leadsOn(WalkRecording.Step step) {
        return step.decision().startsWith(PageTableWalk.LEADS);
    }

    private boolean matches(int slot, long entry, int granted) {
        DirectoryCache directories = caches.directories();
        return directories.level(slot) == PageTableEntry.NEXT_LEVEL.of(entry)
                && directories.table(slot) == PageTableEntry.ADDRESS.inPlace(entry)
                && directories.rights(slot) == granted;
    }

    /**
     * Tells page table entries with what the directory cache knows of those that lead on.
     *
     * @param lowest level of the table that the walk begins at, entries of which, and below, are
     *     not told and those above are skipped; 0 for a walk from the root
     */
    private void tell(WalkRecording walk, int lowest, int domain, long address,
            WalkListener listener) {
        int granted = PageTableWalk.ALL_RIGHTS;
        for (WalkRecording.Step s : walk.steps()) {
            CacheLookup lookup = lowest == 0 ? CacheLookup.miss(TLB)
                    : CacheLookup.skipped(DIRECTORIES);
            if (leadsOn(s)) {
                long entry = s.words()[0];
                int next = (int) PageTableEntry.NEXT_LEVEL.of(entry);
                granted &= ContextTag.rights(entry);
                int slot = caches.directories().slot(domain, address, next);
                lookup = slot >= 0 ? CacheLookup.hit(DIRECTORIES, held(slot),
                        !matches(slot, entry, granted))
                        : lowest == 0 ? CacheLookup.miss(DIRECTORIES) : lookup;
            }
            if (lowest == 0 || level(s) > lowest) {
                listener.step(s.structure(), s.address(), s.words(), s.fields(), s.decision(),
                        lookup);
            }
        }
    }

    private static int level(WalkRecording.Step step) {
        for (int level = PageTableEntry.MAX_LEVEL; level > 0; level--) {
            if (step.structure().equals(PageTableWalk.name(level))) {
                return level;
            }
        }
        return 0;
    }

    private String held(int slot) {
        DirectoryCache directories = caches.directories();
        return "table of level " + directories.level(slot) + " at "
                + EntryFormatter.hex(directories.table(slot)) + ", "
                + EntryFormatter.rights(directories.rights(slot));
    }

    private static void lookup(long address, WalkResult found, String decision, CacheLookup known,
            WalkListener listener) {
        EntryFormatter.entry(TLB, address)
                .with("DomainID", EntryFormatter.hex(ContextTag.DOMAIN.of(found.tag)))
                .with("page", EntryFormatter.hex(address >>> 12 << 12))
                .decides(listener, decision, known);
    }
}
