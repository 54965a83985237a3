// SPDX-License-Identifier: Apache-2.0
package iommu.amdvi.unit.caches;

import static iommu.api.bits.BitField.bits;

import iommu.api.bits.BitField;

/**
 * The cache of interrupt entries, by device and index. They stay until INVALIDATE_INTERRUPT_TABLE.
 *
 * <p>Source: 48882, "INVALIDATE_INTERRUPT_TABLE".
 */
public final class InterruptCache extends SetAssociativeCache {

    private static final BitField DEVICE = bits(31, 16);

    private final long[] low;
    private final long[] high;

    /** Makes an empty one. */
    public InterruptCache(int entries) {
        super(entries, new Generation());
        low = new long[entries];
        high = new long[entries];
    }

    /** A copy that begins as another cache is now. */
    InterruptCache(InterruptCache other) {
        super(other);
        low = other.low.clone();
        high = other.high.clone();
    }

    private static long key(int device, int index) {
        return 1L << 32 | (long) device << 16 | index;
    }

    /** Returns the slot of an entry, or -1. */
    public int find(int device, int index) {
        return slotOf(key(device, index));
    }

    public long low(int slot) {
        return low[slot];
    }

    public long high(int slot) {
        return high[slot];
    }

    /** Keeps an entry; returns its slot. */
    public int insert(int device, int index, long q0, long q1) {
        int slot = place(key(device, index));
        low[slot] = q0;
        high[slot] = q1;
        return slot;
    }

    /** Drops the entries of a device; returns whether there was one. */
    public boolean invalidate(int device) {
        boolean dropped = false;
        for (int slot = 0; slot < slots(); slot++) {
            if (keyOf(slot) != 0 && DEVICE.of(keyOf(slot)) == device) {
                drop(slot);
                dropped = true;
            }
        }
        return dropped;
    }

    public void invalidateAll() {
        clear();
    }
}
