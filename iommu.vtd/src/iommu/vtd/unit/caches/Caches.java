// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.unit.caches;

import iommu.vtd.unit.registers.UnitSettings;

/**
 * All caches of one unit, and the front that stands for them. Each keeps what it holds until it is
 * told otherwise. Source: VT-d, "Caching Translation Information".
 */
public record Caches(FastPathCache front, ContextCache contexts, PasidCache pasids, Iotlb iotlb,
        StructureCache structures, InterruptEntryCache interrupts) {

    /** Makes those of a unit, empty. */
    public static Caches of(UnitSettings settings) {
        var front = new FastPathCache(settings.iotlbEntries(), settings.front());
        return new Caches(front, new ContextCache(settings.contextCacheEntries(),
                settings.deviceInvalidationByDomain()),
                new PasidCache(settings.contextCacheEntries()),
                new Iotlb(settings.iotlbEntries(), settings.cacheAsQemu(), front),
                new StructureCache(settings.structureCacheEntries()), new InterruptEntryCache());
    }

    /** Returns the least that there can be, empty, for one request that meets no cache. */
    public static Caches empty() {
        var front = new FastPathCache(CacheSets.WAYS, false);
        return new Caches(front, new ContextCache(CacheSets.WAYS, false),
                new PasidCache(CacheSets.WAYS), new Iotlb(CacheSets.WAYS, false, front),
                StructureCache.NONE, new InterruptEntryCache());
    }

    /** Returns caches of their own that hold the same; no fast path stands before them. */
    public Caches copy() {
        var none = new FastPathCache(iotlb.entries(), false);
        return new Caches(none, contexts.copy(), pasids.copy(), iotlb.copy(none),
                structures.copy(), interrupts.copy());
    }
}
