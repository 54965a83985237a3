// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.unit.caches;

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
public final class FastPathCache {

    /** No entry: {@link #MISS}. */
    public static final long MISS = -1;

    private static final int ENTRIES = 1024;
    private static final int WIDTH = 59;
    private static final long PAGE = -1L << 12;
    private static final int NO_SLOT = -1;
    /** Of a slot: no entry comes from it. */
    private static final int NOWHERE = -1;
    /** Of a slot: it has a large page, so that any number of entries may come from it. */
    private static final int ANYWHERE = -2;
    private static final int LARGE = 13;

    /** What those have that keep nothing; nobody writes to it. */
    private static final long[] NO_WORDS = new long[2 * ENTRIES];

    static {
        Arrays.fill(NO_WORDS, MISS);
    }

    /** Of each entry the key, then the value. */
    private final long[] words;
    private final int[] slotOf;
    private final int[] indexOf;
    private final boolean used;
    private boolean empty;

    /**
     * Makes one.
     *
     * @param slots of the IOTLB
     * @param used whether it ever keeps anything
     */
    FastPathCache(int slots, boolean used) {
        this.used = used;
        words = used ? new long[2 * ENTRIES] : NO_WORDS;
        slotOf = new int[used ? ENTRIES : 0];
        indexOf = new int[slots];
        if (used) {
            clear();
        } else {
            Arrays.fill(indexOf, NOWHERE);
            empty = true;
        }
    }

    private static long key(int source, long address) {
        return (address & PAGE) << 4 | source;
    }

    private static int index(int source, long address) {
        return (int) (address >>> 12 ^ address >>> 22 ^ source * 0x9dL) & ENTRIES - 1;
    }

    /** Returns the packed translation of a request, or {@link #MISS}. */
    public long find(int source, long address, int access) {
        int at = 2 * index(source, address);
        if (words[at] == key(source, address) && address >>> WIDTH == 0 && access != 0) {
            long found = words[at + 1];
            return (found & access) == access ? found & PAGE | address & ~PAGE : MISS;
        }
        return MISS;
    }

    /**
     * Keeps a translation.
     *
     * @param rights READ and WRITE as the source has them
     * @param slot of the IOTLB that it comes from, or -1 if from none
     */
    public void put(int source, long address, long translation, int rights, int slot) {
        if (!used || address >>> WIDTH != 0) {
            return;
        }
        int index = index(source, address);
        if (slot >= 0) {
            drop(slot);
            indexOf[slot] = Translation.pageShift(translation) >= LARGE ? ANYWHERE : index;
        }
        words[2 * index] = key(source, address);
        words[2 * index + 1] = translation & PAGE | rights & (Access.READ | Access.WRITE);
        slotOf[index] = slot;
        empty = false;
    }

    /** A slot of the IOTLB is about to hold something else. */
    void slotChanges(int slot) {
        int index = indexOf[slot];
        if (index == ANYWHERE) {
            clear();
        } else if (index != NOWHERE) {
            drop(slot);
        }
    }

    private void drop(int slot) {
        int index = indexOf[slot];
        if (index >= 0 && slotOf[index] == slot) {
            words[2 * index] = MISS;
            slotOf[index] = NO_SLOT;
            indexOf[slot] = NOWHERE;
        }
    }

    public void clear() {
        if (!empty) {
            Arrays.fill(words, MISS);
            Arrays.fill(slotOf, NO_SLOT);
            Arrays.fill(indexOf, NOWHERE);
            empty = true;
        }
    }
}
