// SPDX-License-Identifier: Apache-2.0
package iommu.amdvi.unit.translation;

import iommu.amdvi.PageTableEntry;
import iommu.amdvi.unit.caches.ContextTag;
import iommu.amdvi.unit.caches.DirectoryCache;
import iommu.amdvi.unit.tables.EntryFormatter;
import iommu.amdvi.unit.tables.PageTableWalk;
import iommu.api.unit.CacheLookup;
import iommu.api.unit.WalkListener;
import java.util.List;

/**
 * Tells page table entries with what the directory cache knows of those that lead on. With
 * {@code lowest}, the level of the table that the walk begins at, only those above, which are
 * skipped; with 0 all.
 */
final class DirectoryTeller implements WalkListener {

    static final String DIRECTORIES = "directory cache";

    private final DirectoryCache directories;
    private final WalkListener listener;
    private final int domain;
    private final long address;
    private final int lowest;
    private int granted = PageTableWalk.ALL_RIGHTS;
    /** Whether an entry led to the table of level {@code lowest}. */
    private boolean led;

    /** @param listener is told */
    DirectoryTeller(DirectoryCache directories, WalkListener listener, int domain, long address,
            int lowest) {
        this.directories = directories;
        this.listener = listener;
        this.domain = domain;
        this.address = address;
        this.lowest = lowest;
    }

    boolean led() {
        return led;
    }

    @Override
    public void entry(String structure, long at, long[] words, List<Field> fields,
            String decision) {
        CacheLookup lookup = lowest == 0 ? CacheLookup.miss(CacheTeller.TLB)
                : CacheLookup.skipped(DIRECTORIES);
        if (decision.startsWith(PageTableWalk.LEADS)) {
            int next = (int) PageTableEntry.NEXT_LEVEL.of(words[0]);
            granted &= ContextTag.rights(words[0]);
            led |= next == lowest;
            long known = directories.at(domain, address, next);
            lookup = known != DirectoryCache.NONE ? CacheLookup.hit(DIRECTORIES, held(known),
                    !matches(known, words[0], granted))
                    : lowest == 0 ? CacheLookup.miss(DIRECTORIES) : lookup;
        }
        if (lowest == 0 || level(structure) > lowest) {
            listener.step(structure, at, words, fields, decision, lookup);
        }
    }

    private int level(String structure) {
        for (int level = PageTableEntry.MAX_LEVEL; level > 0; level--) {
            if (structure.equals(PageTableWalk.name(level))) {
                return level;
            }
        }
        return 0;
    }

    static String held(long known) {
        return "table of level " + DirectoryCache.level(known) + " at "
                + EntryFormatter.hex(DirectoryCache.table(known)) + ", "
                + EntryFormatter.rights(DirectoryCache.rights(known));
    }

    private static boolean matches(long known, long entry, int granted) {
        return DirectoryCache.level(known) == PageTableEntry.NEXT_LEVEL.of(entry)
                && DirectoryCache.table(known) == PageTableEntry.ADDRESS.inPlace(entry)
                && DirectoryCache.rights(known) == granted;
    }
}
