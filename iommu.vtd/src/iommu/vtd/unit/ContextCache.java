// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.unit;

import java.util.Arrays;

/**
 * The context cache: what the walk to the context entry of a source had found. It stays so until
 * software invalidates it or another source takes the place.
 *
 * <p>Tagged by source id; a legacy entry also by its domain id. A scalable-mode entry has no domain
 * id, so that every domain-selective invalidation drops it, which the manual leaves to hardware.
 * Source: VT-d, "Context-Cache".
 */
final class ContextCache {

    private final CacheSets sets;
    private final long[] stage;
    private final long[] table;
    private final int[] traits;
    private final boolean byDomain;

    ContextCache(int entries, boolean deviceInvalidationByDomain) {
        sets = new CacheSets(entries);
        stage = new long[entries];
        table = new long[entries];
        traits = new int[entries];
        byDomain = deviceInvalidationByDomain;
    }

    /** Returns the slot of a source, or -1. */
    int find(int source) {
        int first = sets.first(source);
        return holds(first, source) ? first : holds(first + 1, source) ? first + 1
                : holds(first + 2, source) ? first + 2
                        : holds(first + 3, source) ? first + 3 : -1;
    }

    private boolean holds(int slot, int source) {
        return stage[slot] < 0 && Stage.SOURCE.of(stage[slot]) == source;
    }

    /** Returns the {@link Stage} of a slot. */
    long stage(int slot) {
        return stage[slot];
    }

    /** Returns the table of a slot. */
    long table(int slot) {
        return table[slot];
    }

    /** Leaves what a slot holds in {@code found}. */
    void take(int slot, WalkResult found) {
        found.stage = stage[slot];
        found.table = table[slot];
        found.source = traits[slot];
        found.paging = 0;
        found.faultsDisabled = Stage.FAULTS_DISABLED.isSet(found.stage);
    }

    /**
     * Keeps a {@link Stage}, its table and the {@link SourceTraits}.
     *
     * @return whether another source lost its place
     */
    boolean insert(long newStage, long newTable, int newTraits) {
        int first = sets.first(Stage.SOURCE.of(newStage));
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
        traits[slot] = newTraits;
        return full;
    }

    void invalidateAll() {
        Arrays.fill(stage, 0);
    }

    void invalidateDomain(int domain) {
        for (int slot = 0; slot < stage.length; slot++) {
            if (Stage.DOMAIN.of(stage[slot]) == domain || Stage.SCALABLE.isSet(stage[slot])) {
                stage[slot] = 0;
            }
        }
    }

    /** Returns the bits of a source that a function mask leaves out. */
    static int ignored(int functionMask) {
        return switch (functionMask) {
            case 0 -> 0;
            case 1 -> 4;
            case 2 -> 6;
            default -> 7;
        };
    }

    /**
     * Drops the sources that agree with {@code source} but for the low bits of the function number.
     *
     * @param functionMask 0 to 3: function bits 2, 2:1 or 2:0 are not compared
     */
    void invalidateDevice(int domain, int source, int functionMask) {
        int ignored = ignored(functionMask);
        for (int slot = 0; slot < stage.length; slot++) {
            boolean same = ((Stage.SOURCE.of(stage[slot]) ^ source) & ~ignored) == 0;
            if (same && (!byDomain || Stage.SCALABLE.isSet(stage[slot])
                    || Stage.DOMAIN.of(stage[slot]) == domain)) {
                stage[slot] = 0;
            }
        }
    }
}
