// SPDX-License-Identifier: Apache-2.0
package iommu.amdvi.unit.caches;

/**
 * The geometry of a cache: sets of four ways, chosen by a hash of the key; in a full set the ways
 * are replaced in turn. Keys are not 0; 0 marks a free way.
 */
final class SetAssociativeCache {

    /** SetAssociativeCache of a set. */
    static final int COUNT = 4;

    private static final long SPREAD = 0x9e37_79b9_7f4a_7c15L;

    private final long[] keys;
    private final byte[] turn;
    private long version;

    SetAssociativeCache(int entries) {
        keys = new long[entries];
        turn = new byte[entries / COUNT];
    }

    /** A copy that begins as another cache is now. */
    SetAssociativeCache(SetAssociativeCache other) {
        keys = other.keys.clone();
        turn = other.turn.clone();
        version = other.version;
    }

    int size() {
        return keys.length;
    }

    private int set(long key) {
        return (int) (key * SPREAD >>> 40) & turn.length - 1;
    }

    /** Returns the slot of a key, or -1. Written out: a loop of four costs more than is in it. */
    int find(long key) {
        return find(set(key) * COUNT, key);
    }

    private int find(int first, long key) {
        return keys[first] == key ? first : keys[first + 1] == key ? first + 1
                : keys[first + 2] == key ? first + 2 : keys[first + 3] == key ? first + 3 : -1;
    }

    /** Returns the slot that a key has from now on: its own, else a free one, else a taken one. */
    int place(long key) {
        int set = set(key);
        int first = set * COUNT;
        int slot = find(first, key);
        if (slot >= 0) {
            version++;
            return slot;
        }
        slot = keys[first] == 0 ? first : keys[first + 1] == 0 ? first + 1
                : keys[first + 2] == 0 ? first + 2 : keys[first + 3] == 0 ? first + 3 : -1;
        if (slot < 0) {
            version++;
            slot = first + turn[set];
            turn[set] = (byte) (turn[set] + 1 & COUNT - 1);
        }
        keys[slot] = key;
        return slot;
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
