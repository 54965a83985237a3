// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.unit.caches;

import java.util.Arrays;

/**
 * The interrupt entry cache (IEC): present entries by index, direct-mapped, stale until
 * invalidated.
 * Source: VT-d, "Interrupt Entry Cache".
 */
public final class InterruptEntryCache {

    private static final int ENTRIES = 256;

    private final int[] tag;
    private final long[] low;
    private final long[] high;

    InterruptEntryCache() {
        tag = new int[ENTRIES];
        low = new long[ENTRIES];
        high = new long[ENTRIES];
    }

    private InterruptEntryCache(InterruptEntryCache of) {
        tag = of.tag.clone();
        low = of.low.clone();
        high = of.high.clone();
    }

    /** Returns one of its own with the same entries. */
    public InterruptEntryCache copy() {
        return new InterruptEntryCache(this);
    }

    /** Returns the slot that holds an index, or -1. */
    public int find(int index) {
        int slot = index & ENTRIES - 1;
        return tag[slot] == index + 1 ? slot : -1;
    }

    public long low(int slot) {
        return low[slot];
    }

    public long high(int slot) {
        return high[slot];
    }

    public void insert(int index, long q0, long q1) {
        int slot = index & ENTRIES - 1;
        tag[slot] = index + 1;
        low[slot] = q0;
        high[slot] = q1;
    }

    public void invalidateAll() {
        Arrays.fill(tag, 0);
    }

    /** Drops 2^mask indices around {@code index}. */
    public void invalidate(int index, int mask) {
        for (int slot = 0; slot < ENTRIES; slot++) {
            if (tag[slot] != 0 && (tag[slot] - 1 ^ index) >>> Math.min(mask, 31) == 0) {
                tag[slot] = 0;
            }
        }
    }
}
