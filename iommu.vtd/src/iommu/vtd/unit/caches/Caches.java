// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.unit.caches;

import iommu.vtd.unit.registers.UnitSettings;

/**
 * All caches of one unit, and the front that stands for them. Each keeps what it holds until it is
 * told otherwise. Source: VT-d, "Caching Translation Information".
 */
public record Caches(FastPathCache front, ContextCache contexts, PasidCache pasids, Iotlb iotlb,
        StructureCache structures, InterruptEntryCache interrupts) {

    public static Caches of(UnitSettings settings) {
        var front = new FastPathCache(settings.iotlbEntries(), settings.front());
        return new Caches(front, new ContextCache(settings.contextCacheEntries(),
                settings.deviceInvalidationByDomain()),
                new PasidCache(settings.contextCacheEntries()),
                new Iotlb(settings.iotlbEntries(), settings.cacheAsQemu(), front),
                new StructureCache(settings.structureCacheEntries()), new InterruptEntryCache());
    }
}
