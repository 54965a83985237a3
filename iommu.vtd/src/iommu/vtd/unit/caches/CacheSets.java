// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.unit.caches;

/** Geometry that both caches share: sets of four ways, replaced in turn. */
public final class CacheSets {

    /** Ways of a set. */
    static final int WAYS = 4;

    private final int mask;
    private final byte[] next;

    CacheSets(int entries) {
        mask = entries / WAYS - 1;
        next = new byte[entries / WAYS];
    }

    private CacheSets(CacheSets of) {
        mask = of.mask;
        next = of.next.clone();
    }

    /** Returns one that replaces what this one would. */
    CacheSets copy() {
        return new CacheSets(this);
    }

    /** Returns the first slot of the set of a key. */
    int first(long key) {
        long h = key * 0x9e37_79b9_7f4a_7c15L;
        return ((int) (h >>> 40) & mask) * WAYS;
    }

    /** Returns the slot of a set that is to be replaced next, and moves on. */
    int victim(int first) {
        int set = first / WAYS;
        int way = next[set];
        next[set] = (byte) (way + 1 & WAYS - 1);
        return first + way;
    }
}
