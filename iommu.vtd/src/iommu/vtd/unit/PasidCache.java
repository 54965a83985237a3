// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.unit;

import java.util.Arrays;

/**
 * The PASID cache of scalable mode: what the walk from a source's context entry to the entry of a
 * PASID had found. It stays so until software invalidates it or another takes the place. Whether
 * an invalidation of the context entry is enough is a setting.
 *
 * <p>Tagged by source id and PASID, and by the domain id of the entry. Source: VT-d, "PASID-Cache".
 */
final class PasidCache {

    private final CacheSets sets;
    private final long[] stage;
    private final long[] table;
    private final long[] paging;

    PasidCache(int entries) {
        sets = new CacheSets(entries);
        stage = new long[entries];
        table = new long[entries];
        paging = new long[entries];
    }

    private static long key(long stage) {
        return Stage.SOURCE.of(stage) << 20 | Stage.PASID.of(stage);
    }

    /** Returns the slot of a PASID of a source, or -1. */
    int find(int source, long pasid) {
        long key = (long) source << 20 | pasid;
        int first = sets.first(key);
        for (int slot = first; slot < first + CacheSets.WAYS; slot++) {
            if (stage[slot] < 0 && key(stage[slot]) == key) {
                return slot;
            }
        }
        return -1;
    }

    /** Leaves what a slot holds in {@code found}. */
    void take(int slot, WalkResult found) {
        found.stage = stage[slot];
        found.table = table[slot];
        found.paging = paging[slot];
        found.faultsDisabled = Stage.FAULTS_DISABLED.isSet(found.stage);
    }

    /**
     * Keeps a {@link Stage}, its table and {@link PagingMode}.
     *
     * @return whether another entry lost its place
     */
    boolean insert(long newStage, long newTable, long newPaging) {
        int first = sets.first(key(newStage));
        int slot = first;
        while (slot < first + CacheSets.WAYS && stage[slot] < 0) {
            slot++;
        }
        boolean full = slot == first + CacheSets.WAYS;
        if (full) {
            slot = sets.victim(first);
        }
        stage[slot] = newStage;
        table[slot] = newTable;
        paging[slot] = newPaging;
        return full;
    }

    void invalidateAll() {
        Arrays.fill(stage, 0);
    }

    /**
     * Drops the PASIDs of all sources that agree with {@code source} but for the bits of
     * {@code ignored}.
     */
    void invalidateDevice(int source, int ignored) {
        for (int slot = 0; slot < stage.length; slot++) {
            if (((Stage.SOURCE.of(stage[slot]) ^ source) & ~ignored) == 0) {
                stage[slot] = 0;
            }
        }
    }

    void invalidateDomain(int domain) {
        for (int slot = 0; slot < stage.length; slot++) {
            if (Stage.DOMAIN.of(stage[slot]) == domain) {
                stage[slot] = 0;
            }
        }
    }

    void invalidatePasid(int domain, long pasid) {
        for (int slot = 0; slot < stage.length; slot++) {
            if (Stage.DOMAIN.of(stage[slot]) == domain && Stage.PASID.of(stage[slot]) == pasid) {
                stage[slot] = 0;
            }
        }
    }
}
