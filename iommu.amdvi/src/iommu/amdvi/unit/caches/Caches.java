// SPDX-License-Identifier: Apache-2.0
package iommu.amdvi.unit.caches;

import iommu.amdvi.unit.settings.UnitSettings;

/**
 * The caches of a unit, each dropped by commands of its own.
 *
 * @param entries device table entries
 * @param directories page directory entries
 * @param tlb pages
 * @param interrupts interrupt entries
 * @param generation grows whenever an entry or a page is gone or replaced; of a copy it does not
 */
public record Caches(DteCache entries, DirectoryCache directories, Tlb tlb,
        InterruptCache interrupts, Generation generation) {

    public static Caches of(UnitSettings settings) {
        var generation = new Generation();
        return new Caches(new DteCache(settings.dteCacheEntries(), generation),
                new DirectoryCache(settings.directoryCacheEntries()),
                new Tlb(settings.tlbEntries(), generation),
                new InterruptCache(settings.interruptCacheEntries()), generation);
    }

    /** Returns empty ones, of the smallest size: for a walk that finds nothing cached. */
    public static Caches empty() {
        int entries = SetAssociativeCache.COUNT;
        var generation = new Generation();
        return new Caches(new DteCache(entries, generation), new DirectoryCache(entries),
                new Tlb(entries, generation), new InterruptCache(entries), generation);
    }

    /** Returns others that begin as these are now; what is done to them is not done to these. */
    public Caches copy() {
        return new Caches(new DteCache(entries), new DirectoryCache(directories), new Tlb(tlb),
                new InterruptCache(interrupts), new Generation());
    }
}
