// SPDX-License-Identifier: Apache-2.0
package iommu.amdvi.unit;

/**
 * The geometry of a cache: sets of four ways, chosen by a hash of the key; in a full set the ways
 * are replaced in turn. Keys are not 0; 0 marks a free way.
 */
final class Ways {

    /** Ways of a set. */
    static final int COUNT = 4;

    private static final long SPREAD = 0x9e37_79b9_7f4a_7c15L;

    private final long[] keys;
    private final byte[] turn;
    private long version;

    Ways(int entries) {
        keys = new long[entries];
        turn = new byte[entries / COUNT];
    }

    int size() {
        return keys.length;
    }

    private int set(long key) {
        return (int) (key * SPREAD >>> 40) & turn.length - 1;
    }

    /** Returns the slot of a key, or -1. */
    int find(long key) {
        int first = set(key) * COUNT;
        for (int slot = first; slot < first + COUNT; slot++) {
            if (keys[slot] == key) {
                return slot;
            }
        }
        return -1;
    }

    /** Returns the slot that a key has from now on: its own, else a free one, else a taken one. */
    int place(long key) {
        int set = set(key);
        int first = set * COUNT;
        int free = -1;
        for (int slot = first + COUNT - 1; slot >= first; slot--) {
            long held = keys[slot];
            if (held == key) {
                version++;
                return slot;
            }
            free = held == 0 ? slot : free;
        }
        if (free < 0) {
            version++;
            free = first + turn[set];
            turn[set] = (byte) (turn[set] + 1 & COUNT - 1);
        }
        keys[free] = key;
        return free;
    }

    /** Returns a number that grows whenever what a slot held is gone or replaced. */
    long version() {
        return version;
    }

    /** Returns the key of a slot, 0 if it is free. */
    long key(int slot) {
        return keys[slot];
    }

    void free(int slot) {
        version++;
        keys[slot] = 0;
    }

    void clear() {
        version++;
        java.util.Arrays.fill(keys, 0);
    }
}
