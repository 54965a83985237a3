// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.unit.caches;

import iommu.vtd.unit.requests.ContextTag;
import iommu.vtd.unit.requests.PagingMode;
import iommu.vtd.unit.requests.WalkResult;
import java.util.Arrays;

/**
 * The PASID cache of scalable mode: what the walk from a source's context entry to the entry of a
 * PASID had found. It stays so until software invalidates it or another takes the place. Whether
 * an invalidation of the context entry is enough is a setting.
 *
 * <p>Tagged by source id and PASID, and by the domain id of the entry. Source: VT-d, "PASID-Cache".
 */
public final class PasidCache {

    private final CacheSets sets;
    private final long[] context;
    private final long[] table;
    private final long[] paging;

    PasidCache(int entries) {
        sets = new CacheSets(entries);
        context = new long[entries];
        table = new long[entries];
        paging = new long[entries];
    }

    private PasidCache(PasidCache of) {
        sets = of.sets.copy();
        context = of.context.clone();
        table = of.table.clone();
        paging = of.paging.clone();
    }

    /** Returns one of its own with the same entries. */
    PasidCache copy() {
        return new PasidCache(this);
    }

    private static long key(long context) {
        return ContextTag.SOURCE.of(context) << 20 | ContextTag.PASID.of(context);
    }

    /** Returns the slot of a PASID of a source, or -1. */
    public int find(int source, long pasid) {
        long key = (long) source << 20 | pasid;
        int first = sets.first(key);
        for (int slot = first; slot < first + CacheSets.WAYS; slot++) {
            if (context[slot] < 0 && key(context[slot]) == key) {
                return slot;
            }
        }
        return -1;
    }

    /** Leaves what a slot holds in {@code found}. */
    public void take(int slot, WalkResult found) {
        found.context = context[slot];
        found.table = table[slot];
        found.paging = paging[slot];
        found.faultsDisabled = ContextTag.FAULTS_DISABLED.isSet(found.context);
    }

    /**
     * Keeps a {@link ContextTag}, its table and {@link PagingMode}.
     *
     * @return whether another entry lost its place
     */
    public boolean insert(long newContext, long newTable, long newPaging) {
        int first = sets.first(key(newContext));
        int slot = first;
        while (slot < first + CacheSets.WAYS && context[slot] < 0) {
            slot++;
        }
        boolean full = slot == first + CacheSets.WAYS;
        if (full) {
            slot = sets.victim(first);
        }
        context[slot] = newContext;
        table[slot] = newTable;
        paging[slot] = newPaging;
        return full;
    }

    public void invalidateAll() {
        Arrays.fill(context, 0);
    }

    /**
     * Drops the PASIDs of all sources that agree with {@code source} but for the bits of
     * {@code ignored}.
     */
    public void invalidateDevice(int source, int ignored) {
        for (int slot = 0; slot < context.length; slot++) {
            if (((ContextTag.SOURCE.of(context[slot]) ^ source) & ~ignored) == 0) {
                context[slot] = 0;
            }
        }
    }

    public void invalidateDomain(int domain) {
        for (int slot = 0; slot < context.length; slot++) {
            if (ContextTag.DOMAIN.of(context[slot]) == domain) {
                context[slot] = 0;
            }
        }
    }

    public void invalidatePasid(int domain, long pasid) {
        for (int slot = 0; slot < context.length; slot++) {
            if (ContextTag.DOMAIN.of(context[slot]) == domain
                    && ContextTag.PASID.of(context[slot]) == pasid) {
                context[slot] = 0;
            }
        }
    }
}
