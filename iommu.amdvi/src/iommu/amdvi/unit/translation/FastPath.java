// SPDX-License-Identifier: Apache-2.0
package iommu.amdvi.unit.translation;

import iommu.amdvi.PageTableEntry;
import iommu.amdvi.unit.caches.Caches;
import iommu.amdvi.unit.caches.ContextTag;
import iommu.amdvi.unit.caches.DirectoryCache;
import iommu.amdvi.unit.caches.DteCache;
import iommu.amdvi.unit.caches.Tlb;
import iommu.amdvi.unit.registers.ExclusionRange;
import iommu.amdvi.unit.tables.PageTableWalk;
import iommu.api.unit.Translation;

/**
 * The way of {@link Translator} for the request that is usual where its page is not cached, all in
 * one: its device table entry is, and the tables lead to a page of 4 KiB. It asks and fills the
 * caches as that does. Whatever is not so it leaves, undecided and with nothing
 * changed, to the numbered steps there.
 */
final class FastPath {

    /** Nothing is decided; no outcome has this value. */
    static final long UNDECIDED = Translation.blocked(-1);

    private static final int SMALL = 12;
    private static final long IN_PAGE = (1L << SMALL) - 1;

    private final DteCache entries;
    private final DirectoryCache directories;
    private final Tlb tlb;
    private final PageTableWalk pageTables;
    private final ExclusionRange exclusion;

    FastPath(Caches caches, PageTableWalk pageTables, ExclusionRange exclusion) {
        entries = caches.entries();
        directories = caches.directories();
        tlb = caches.tlb();
        this.pageTables = pageTables;
        this.exclusion = exclusion;
    }

    /** Translates a request; {@link #UNDECIDED} if it is not usual. */
    long translate(int device, long address, int access) {
        int slot = entries.find(device);
        if (slot < 0 || exclusion.isInForce() || Translator.isInterrupt(address)) {
            return UNDECIDED;
        }
        long tag = entries.tag(slot);
        int domain = (int) ContextTag.DOMAIN.of(tag);
        long key = Tlb.smallKey(domain, address);
        int set = tlb.set(key);
        if (!ContextTag.admits(tag, address, access)
                || ContextTag.LEVELS.of(tag) == 1 || !tlb.lacks(set, key, address)) {
            return UNDECIDED;
        }
        int lowest = directories.lowest(domain, address);
        long leaf = lowest >= 0 ? pageTables.leaf(lowest, address, access, directories)
                : walked(slot, domain, address, access);
        if (leaf == PageTableWalk.UNDECIDED) {
            return UNDECIDED;
        }
        tlb.fill(set, key, address, leaf);
        return Translation.to(PageTableEntry.ADDRESS.inPlace(leaf) | address & IN_PAGE, SMALL);
    }

    /** Returns what the walk leads to, whose lowest table is not known. */
    private long walked(int slot, int domain, long address, int access) {
        int levels = (int) ContextTag.LEVELS.of(entries.tag(slot));
        long known = directories.findAbove(domain, address, levels);
        return known == DirectoryCache.NONE
                ? pageTables.fused(domain, address, access, entries.root(slot), levels,
                        PageTableWalk.ALL_RIGHTS, directories)
                : pageTables.fused(domain, address, access, DirectoryCache.table(known),
                        DirectoryCache.level(known), DirectoryCache.rights(known), directories);
    }
}
