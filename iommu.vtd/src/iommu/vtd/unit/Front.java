// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.unit;

import iommu.api.pcie.Access;
import iommu.api.unit.Translation;
import java.util.Arrays;

/**
 * What makes the model fast and is no part of it: translations of requests without PASID, by source
 * and 4 KiB page, that the caches behind would give just so. A hit there changes nothing in them,
 * so that none can be missed here.
 *
 * <p>An entry lives no longer than the IOTLB slot it comes from; whatever else could change an
 * answer (invalidations, a context that loses its place, translation or protected memory switched)
 * clears all.
 */
final class Front {

    /** No entry: {@link #MISS}. */
    static final long MISS = -1;

    private static final int ENTRIES = 1024;
    private static final int WIDTH = 59;
    private static final long PAGE = -1L << 12;
    private static final int NO_SLOT = -1;
    private static final int LARGE = 13;

    private final long[] key = new long[ENTRIES];
    private final long[] value = new long[ENTRIES];
    private final int[] slotOf = new int[ENTRIES];
    private final int[] indexOf;
    private final boolean[] large;
    private final boolean used;
    private boolean empty;

    /**
     * Makes one.
     *
     * @param slots of the IOTLB
     * @param used whether it ever keeps anything
     */
    Front(int slots, boolean used) {
        this.used = used;
        indexOf = new int[slots];
        large = new boolean[slots];
        clear();
    }

    private static long key(int source, long address) {
        return (address & PAGE) << 4 | source;
    }

    private static int index(int source, long address) {
        return (int) (address >>> 12 ^ address >>> 22 ^ source * 0x9dL) & ENTRIES - 1;
    }

    /** Returns the packed translation of a request, or {@link #MISS}. */
    long find(int source, long address, int access) {
        int index = index(source, address);
        long found = value[index];
        if (key[index] == key(source, address) && (found & access) == access
                && address >>> WIDTH == 0 && access != 0) {
            return found & PAGE | address & ~PAGE;
        }
        return MISS;
    }

    /**
     * Keeps a translation.
     *
     * @param rights READ and WRITE as the source has them
     * @param slot of the IOTLB that it comes from, or -1 if from none
     */
    void put(int source, long address, long translation, int rights, int slot) {
        if (!used || address >>> WIDTH != 0) {
            return;
        }
        int index = index(source, address);
        if (slot >= 0) {
            boolean isLarge = Translation.pageShift(translation) >= LARGE;
            large[slot] |= isLarge;
            if (!isLarge) {
                drop(slot);
                indexOf[slot] = index;
            }
        }
        key[index] = key(source, address);
        value[index] = translation & PAGE | rights & (Access.READ | Access.WRITE);
        slotOf[index] = slot;
        empty = false;
    }

    /** A slot of the IOTLB is about to hold something else. */
    void slotChanges(int slot) {
        if (large[slot]) {
            clear();
        } else {
            drop(slot);
        }
    }

    private void drop(int slot) {
        int index = indexOf[slot];
        if (slotOf[index] == slot) {
            key[index] = MISS;
            slotOf[index] = NO_SLOT;
        }
    }

    void clear() {
        if (!empty) {
            Arrays.fill(key, MISS);
            Arrays.fill(slotOf, NO_SLOT);
            Arrays.fill(large, false);
            empty = true;
        }
    }
}
