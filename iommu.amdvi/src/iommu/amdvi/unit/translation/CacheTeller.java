// SPDX-License-Identifier: Apache-2.0
package iommu.amdvi.unit.translation;

import iommu.amdvi.EventCode;
import iommu.amdvi.unit.caches.Caches;
import iommu.amdvi.unit.caches.ContextTag;
import iommu.amdvi.unit.caches.DirectoryCache;
import iommu.amdvi.unit.caches.DteCache;
import iommu.amdvi.unit.caches.Tlb;
import iommu.amdvi.unit.tables.DeviceTable;
import iommu.amdvi.unit.tables.EntryFormatter;
import iommu.amdvi.unit.tables.PageTableWalk;
import iommu.amdvi.unit.tables.WalkResult;
import iommu.api.pcie.Access;
import iommu.api.unit.CacheLookup;
import iommu.api.unit.WalkListener;
import iommu.api.unit.WalkRecording;
import java.util.List;

/**
 * Tells what a request that is followed gets from caches, and beside it what memory says now. It is
 * told of each lookup by {@link Translator} and decides nothing; for one request. Cold.
 */
final class CacheTeller {

    private static final String ENTRIES = "device table entry cache";
    static final String TLB = "TLB";

    private final DeviceTable deviceTable;
    private final Caches caches;
    private final PageTableWalk pageTables;
    private final WalkListener listener;

    CacheTeller(DeviceTable deviceTable, Caches caches, PageTableWalk pageTables,
            WalkListener listener) {
        this.deviceTable = deviceTable;
        this.caches = caches;
        this.pageTables = pageTables;
        this.listener = listener;
    }

    /** Returns what hears entries that are read because a cache does not have them. */
    private WalkListener missed(String cache) {
        return (structure, address, words, fields, decision) -> listener.step(structure, address,
                words, fields, decision, CacheLookup.miss(cache));
    }

    // ---- device table ---------------------------------------------------------------------------

    /** Returns what hears the device table entry, which is not cached. */
    WalkListener entryMissed() {
        return missed(ENTRIES);
    }

    /** Tells the cached entry of a device. */
    void entry(int device, int slot) {
        DteCache entries = caches.entries();
        var told = new WalkRecording();
        var memory = new WalkResult();
        boolean there = deviceTable.read(device, memory, told);
        long tag = entries.tag(slot) & ~ContextTag.FAULTED.mask();
        boolean stale = !there || memory.tag != tag || memory.root != entries.root(slot)
                || memory.interrupts != entries.interrupts(slot);
        told.tell(listener, DeviceTable.ENTRY,
                CacheLookup.hit(ENTRIES, describe(tag, entries.root(slot)), stale),
                CacheLookup.skipped(ENTRIES));
    }

    private static String describe(long tag, long root) {
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
                        + EntryFormatter.hex(root) + ", ") + rights;
    }

    // ---- pages ----------------------------------------------------------------------------------

    /**
     * Tells what the TLB has.
     *
     * @param slot of the page; -1 if there is none
     * @param entry slot of the device's entry, whose page table memory is asked for
     */
    void page(int slot, int entry, long address, int access) {
        if (slot < 0) {
            lookup(address, entry, "not kept, the page table is asked", CacheLookup.miss(TLB));
            return;
        }
        var told = new WalkRecording();
        var memory = new WalkResult();
        boolean there = walkFromRoot(entry, address, access, memory, told);
        Tlb tlb = caches.tlb();
        int rights = tlb.rights(slot);
        boolean granted = (rights & access) == access;
        boolean stale = there != granted || there && (memory.rights != rights
                || memory.pageShift != tlb.pageShift(slot) || memory.page != tlb.page(slot));
        String value = rights == Access.NONE ? "not present"
                : "the page of " + (1L << tlb.pageShift(slot) - 10) + " KiB at "
                        + EntryFormatter.hex(tlb.page(slot)) + ", "
                        + EntryFormatter.rights(rights);
        lookup(address, entry, granted ? "kept, no page table is read"
                : EntryFormatter.refusal("kept without the right that is needed",
                        EventCode.IO_PAGE_FAULT), CacheLookup.hit(TLB, value, stale));
        told.tell(listener, CacheLookup.skipped(TLB));
    }

    private boolean walkFromRoot(int entry, long address, int access, WalkResult into,
            WalkListener hears) {
        DteCache entries = caches.entries();
        return pageTables.walk(0, address, access, entries.root(entry),
                (int) ContextTag.LEVELS.of(entries.tag(entry)), PageTableWalk.ALL_RIGHTS, null,
                into, hears);
    }

    private void lookup(long address, int entry, String decision, CacheLookup known) {
        EntryFormatter.entry(TLB, address)
                .with("DomainID", EntryFormatter.hex(
                        ContextTag.DOMAIN.of(caches.entries().tag(entry))))
                .with("page", EntryFormatter.hex(address >>> 12 << 12))
                .decides(listener, decision, known);
    }

    // ---- directories ----------------------------------------------------------------------------

    /**
     * Tells the tables that a walk need not read.
     *
     * @param known the table that it begins at; NONE for the root
     * @return what hears the entries that it reads
     */
    WalkListener tables(long known, int entry, long address, int access) {
        int domain = (int) ContextTag.DOMAIN.of(caches.entries().tag(entry));
        if (known != DirectoryCache.NONE) {
            int lowest = DirectoryCache.level(known);
            var above = new DirectoryTeller(caches.directories(), listener, domain,
                    address, lowest);
            walkFromRoot(entry, address, access, new WalkResult(), above);
            if (!above.led()) {
                listener.step("page table entry, cached", 0, new long[0], List.of(),
                        "memory does not lead to it any more",
                        CacheLookup.hit(DirectoryTeller.DIRECTORIES,
                                DirectoryTeller.held(known), true));
            }
        }
        return new DirectoryTeller(caches.directories(), listener, domain, address, 0);
    }
}
