// SPDX-License-Identifier: Apache-2.0
package iommu.amdvi.unit.caches;

import java.util.Arrays;

/**
 * The geometry of a cache: sets of four ways, chosen by a hash of the key; in a full set the ways
 * are replaced in turn. Keys are not 0; 0 marks a free way. What is kept beside a key is the
 * business of the caches that extend this.
 */
class SetAssociativeCache {

    /** Ways of a set. */
    static final int COUNT = 4;

    private static final int WAY_BITS = 2;
    private static final int FULL = COUNT;
    private static final long SPREAD = 0x9e37_79b9_7f4a_7c15L;
    /** The hash begins at bit 40 of the product; room is left for the way. */
    private static final int FIRST_SHIFT = 40 - WAY_BITS;

    private final long[] keys;
    /** Of each set the way whose turn it is, and whether no way is free. */
    private final byte[] turn;
    /** Bits of the first slot of a set. */
    private final int firstSlots;
    private final Generation generation;
    private int used;

    /**
     * Makes an empty one.
     *
     * @param entries a power of two, {@link #COUNT} or more
     * @param generation grows whenever what a slot held is gone or replaced
     */
    SetAssociativeCache(int entries, Generation generation) {
        keys = new long[entries];
        turn = new byte[entries / COUNT];
        firstSlots = entries - COUNT;
        this.generation = generation;
    }

    /** A copy that begins as another cache is now, with a generation of its own. */
    SetAssociativeCache(SetAssociativeCache other) {
        keys = other.keys.clone();
        turn = other.turn.clone();
        firstSlots = other.firstSlots;
        generation = new Generation();
        used = other.used;
    }

    /** Returns how many slots, from the first on, have to be looked at for all that is kept. */
    final int slots() {
        return used == 0 ? 0 : keys.length;
    }

    /** Returns the first slot of the set of a key. */
    final int first(long key) {
        return (int) (key * SPREAD >>> FIRST_SHIFT) & firstSlots;
    }

    /** Returns the slot of a key, or -1. Written out: a loop of four costs more than is in it. */
    final int slotOf(long key) {
        return slotOf(first(key), key);
    }

    /** Returns the slot of a key in its set, or -1. */
    final int slotOf(int first, long key) {
        return keys[first] == key ? first : keys[first + 1] == key ? first + 1
                : keys[first + 2] == key ? first + 2 : keys[first + 3] == key ? first + 3 : -1;
    }

    /**
     * Returns the same of a key that mostly has a slot, any of the four: without a branch for each,
     * which a processor could only guess.
     */
    final int slotOfKept(long key) {
        int first = first(key);
        int second = same(keys[first + 1], key);
        int third = same(keys[first + 2], key);
        int fourth = same(keys[first + 3], key);
        return (same(keys[first], key) | second | third | fourth) == 0 ? -1
                : first + second + 2 * third + 3 * fourth;
    }

    /** Returns 1 if two are equal, else 0. */
    private static int same(long one, long other) {
        long apart = one ^ other;
        return (int) (~(apart | -apart) >>> 63);
    }

    /** Returns the slot that a key has from now on: its own, else a free one, else a taken one. */
    final int place(long key) {
        int slot = slotOf(key);
        if (slot >= 0) {
            generation.next();
            return slot;
        }
        return placeNew(key);
    }

    /** Does what {@link #place} does with a key that is known to have no slot. */
    final int placeNew(long key) {
        return placeNew(first(key), key);
    }

    /** Does so in the set that the key has. */
    final int placeNew(int first, long key) {
        int set = first >>> WAY_BITS;
        int state = turn[set];
        int slot = first;
        if ((state & FULL) != 0) {
            generation.next();
            slot += state & COUNT - 1;
            turn[set] = (byte) (FULL | state + 1 & COUNT - 1);
        } else {
            slot = free(first);
            used++;
        }
        keys[slot] = key;
        return slot;
    }

    /** Returns the first free slot of a set that has one, and notes if it is the last. */
    private int free(int first) {
        int slot = slotOf(first, 0);
        boolean last = true;
        for (int other = slot + 1; other < first + COUNT; other++) {
            last &= keys[other] != 0;
        }
        if (last) {
            turn[first >>> WAY_BITS] |= FULL;
        }
        return slot;
    }

    /** Returns the key of a slot, 0 if it is free. */
    final long keyOf(int slot) {
        return keys[slot];
    }

    final void drop(int slot) {
        generation.next();
        used -= keys[slot] == 0 ? 0 : 1;
        keys[slot] = 0;
        turn[slot >>> WAY_BITS] &= ~FULL;
    }

    final void clear() {
        generation.next();
        used = 0;
        Arrays.fill(keys, 0);
        for (int set = 0; set < turn.length; set++) {
            turn[set] &= ~FULL;
        }
    }
}
