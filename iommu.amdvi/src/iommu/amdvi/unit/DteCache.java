// SPDX-License-Identifier: Apache-2.0
package iommu.amdvi.unit;

/**
 * The cache of device table entries. An entry stays as it was read until INVALIDATE_DEVTAB_ENTRY,
 * or another takes its place: also while the unit is disabled, and when it is given another table.
 *
 * <p>Source: 48882, "INVALIDATE_DEVTAB_ENTRY".
 */
final class DteCache {

    private final Ways ways;
    private final long[] stage;
    private final long[] root;
    private final long[] interrupts;

    DteCache(int entries) {
        ways = new Ways(entries);
        stage = new long[entries];
        root = new long[entries];
        interrupts = new long[entries];
    }

    private static long key(int device) {
        return device + 1L;
    }

    /** Returns the slot of a device, or -1. */
    int find(int device) {
        return ways.find(key(device));
    }

    /** Returns the {@link Stage} of a slot. */
    long stage(int slot) {
        return stage[slot];
    }

    /** Returns the root of the page table of a slot. */
    long root(int slot) {
        return root[slot];
    }

    /** Returns the interrupt quadword of a slot. */
    long interrupts(int slot) {
        return interrupts[slot];
    }

    /** Keeps an entry; returns its slot. */
    int insert(int device, WalkResult read) {
        int slot = ways.place(key(device));
        stage[slot] = read.stage;
        root[slot] = read.root;
        interrupts[slot] = read.interrupts;
        return slot;
    }

    /** Notes that a fault of a slot was logged. */
    void faulted(int slot) {
        stage[slot] |= Stage.FAULTED.mask();
    }

    /** Drops the entry of a device; returns whether there was one. */
    boolean invalidate(int device) {
        int slot = find(device);
        if (slot >= 0) {
            ways.free(slot);
        }
        return slot >= 0;
    }

    /** See {@link Ways#version}. */
    long version() {
        return ways.version();
    }

    void invalidateAll() {
        ways.clear();
    }
}
