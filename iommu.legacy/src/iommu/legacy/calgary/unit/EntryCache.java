// SPDX-License-Identifier: Apache-2.0
package iommu.legacy.calgary.unit;

import java.util.Arrays;

/**
 * Entries that a PHB has read, until its table address register is written: a kernel that changes
 * an entry in memory does not change it here. Direct-mapped; that and its size are assumptions.
 */
final class EntryCache {

    private final int[] indexes;
    private final long[] entries;

    /** Makes an empty one; {@code room} is a power of two. */
    EntryCache(int room) {
        indexes = new int[room];
        entries = new long[room];
        drop();
    }

    void drop() {
        Arrays.fill(indexes, -1);
    }

    boolean holds(int index) {
        return indexes[index & indexes.length - 1] == index;
    }

    /** Returns an entry that it holds. */
    long entry(int index) {
        return entries[index & entries.length - 1];
    }

    void keep(int index, long entry) {
        indexes[index & indexes.length - 1] = index;
        entries[index & entries.length - 1] = entry;
    }
}
