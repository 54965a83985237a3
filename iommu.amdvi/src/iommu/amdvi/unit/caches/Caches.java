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
 */
public record Caches(DteCache entries, DirectoryCache directories, Tlb tlb,
        InterruptCache interrupts) {

    public static Caches of(UnitSettings settings) {
        return new Caches(new DteCache(settings.dteCacheEntries()),
                new DirectoryCache(settings.directoryCacheEntries()),
                new Tlb(settings.tlbEntries()),
                new InterruptCache(settings.interruptCacheEntries()));
    }
}
