// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.unit;

/**
 * All caches of one unit. Each keeps what it holds until it is told otherwise. Source: VT-d,
 * "Caching Translation Information".
 */
record Caches(ContextCache contexts, PasidCache pasids, Iotlb iotlb, StructureCache structures,
        InterruptEntryCache interrupts) {

    static Caches of(UnitSettings settings) {
        return new Caches(new ContextCache(settings.contextCacheEntries(),
                settings.deviceInvalidationByDomain()),
                new PasidCache(settings.contextCacheEntries()),
                new Iotlb(settings.iotlbEntries(), settings.cacheAsQemu()),
                new StructureCache(settings.structureCacheEntries()), new InterruptEntryCache());
    }
}
