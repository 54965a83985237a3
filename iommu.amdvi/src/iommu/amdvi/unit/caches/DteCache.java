// SPDX-License-Identifier: Apache-2.0
package iommu.amdvi.unit.caches;

/**
 * The cache of device table entries. An entry stays as it was read until INVALIDATE_DEVTAB_ENTRY,
 * or another takes its place: also while the unit is disabled, and when it is given another table.
 *
 * <p>Source: 48882, "INVALIDATE_DEVTAB_ENTRY".
 */
public final class DteCache extends SetAssociativeCache {

    private final long[] tag;
    private final long[] root;
    private final long[] interrupts;

    /** @param generation grows whenever something is gone or replaced */
    public DteCache(int entries, Generation generation) {
        super(entries, generation);
        tag = new long[entries];
        root = new long[entries];
        interrupts = new long[entries];
    }

    /** A copy that begins as another cache is now. */
    DteCache(DteCache other) {
        super(other);
        tag = other.tag.clone();
        root = other.root.clone();
        interrupts = other.interrupts.clone();
    }

    private static long key(int device) {
        return device + 1L;
    }

    /** Returns the slot of a device, or -1. */
    public int find(int device) {
        return slotOf(key(device));
    }

    /** Returns the {@link ContextTag} of a slot. */
    public long tag(int slot) {
        return tag[slot];
    }

    /** Returns the root of the page table of a slot. */
    public long root(int slot) {
        return root[slot];
    }

    /** Returns the interrupt quadword of a slot. */
    public long interrupts(int slot) {
        return interrupts[slot];
    }

    /**
     * Keeps an entry that {@link #find} has just not found.
     *
     * @param newTag as {@link ContextTag} packs it
     * @return its slot
     */
    public int insert(int device, long newTag, long newRoot, long newInterrupts) {
        int slot = placeNew(key(device));
        tag[slot] = newTag;
        root[slot] = newRoot;
        interrupts[slot] = newInterrupts;
        return slot;
    }

    /** Notes that a fault of a slot was logged. */
    public void faulted(int slot) {
        tag[slot] |= ContextTag.FAULTED.mask();
    }

    /** Drops the entry of a device; returns whether there was one. */
    public boolean invalidate(int device) {
        int slot = find(device);
        if (slot >= 0) {
            drop(slot);
        }
        return slot >= 0;
    }

    public void invalidateAll() {
        clear();
    }
}
