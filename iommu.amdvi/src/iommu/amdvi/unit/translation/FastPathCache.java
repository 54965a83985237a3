// SPDX-License-Identifier: Apache-2.0
package iommu.amdvi.unit.translation;

import iommu.api.pcie.Access;
import iommu.api.unit.Translation;

/**
 * What makes the model fast and is no part of it: translations by device and 4 KiB page that the
 * caches behind would give just so. A hit here changes nothing in them, as a hit there would not.
 *
 * <p>An entry counts as long as nothing has left or changed in the caches since, nor what else an
 * answer depends on: see {@link iommu.amdvi.unit.caches.Generation}.
 */
final class FastPathCache {

    /** No entry. */
    static final long MISS = -1;

    private static final int ENTRIES = 1024;
    /** Addresses of more bits are not kept. */
    private static final int WIDTH = 59;
    private static final long PAGE = -1L << 12;

    /** Words of an entry: key, value, generation; one is spare. */
    private static final int WORDS = 4;

    private final long[] words = new long[ENTRIES * WORDS];
    /** Generation of the newest entry: with another no entry counts, and none need be looked at. */
    private long newest = MISS;

    FastPathCache() {
        java.util.Arrays.fill(words, MISS);
    }

    private static int at(int device, long address) {
        return ((int) (address >>> 12 ^ address >>> 22 ^ device * 0x9dL) & ENTRIES - 1) * WORDS;
    }

    private static long key(int device, long address) {
        return (address & PAGE) << 4 | device;
    }

    /** Returns the packed translation of a request, or {@link #MISS}. */
    long find(int device, long address, int access, long now) {
        if (newest != now) {
            return MISS;
        }
        int at = at(device, address);
        if (words[at] == key(device, address) && words[at + 2] == now && address >>> WIDTH == 0
                && access != 0) {
            long found = words[at + 1];
            return (found & access) == access ? found & PAGE | address & ~PAGE : MISS;
        }
        return MISS;
    }

    /**
     * Keeps a translation.
     *
     * @param rights READ and WRITE as the device has them
     */
    void put(int device, long address, long translation, int rights, long now) {
        if (address >>> WIDTH == 0 && translation >= 0
                && !Translation.isUntranslated(translation)) {
            int at = at(device, address);
            words[at] = key(device, address);
            words[at + 1] = translation & PAGE | rights & (Access.READ | Access.WRITE);
            words[at + 2] = now;
            newest = now;
        }
    }
}
