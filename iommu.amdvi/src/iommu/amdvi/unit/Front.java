// SPDX-License-Identifier: Apache-2.0
package iommu.amdvi.unit;

import iommu.api.pcie.Access;
import iommu.api.unit.Translation;

/**
 * What makes the model fast and is no part of it: translations by device and 4 KiB page that the
 * caches behind would give just so. A hit here changes nothing in them, as a hit there would not.
 *
 * <p>An entry counts as long as nothing has left or changed in the caches since, see {@link
 * Ways#version}; the caller adds to that what else an answer depends on.
 */
final class Front {

    /** No entry. */
    static final long MISS = -1;

    private static final int ENTRIES = 1024;
    /** Addresses of more bits are not kept. */
    private static final int WIDTH = 59;
    private static final long PAGE = -1L << 12;

    private final long[] key = new long[ENTRIES];
    private final long[] value = new long[ENTRIES];
    private final long[] stamp = new long[ENTRIES];

    Front() {
        java.util.Arrays.fill(key, MISS);
    }

    private static int index(int device, long address) {
        return (int) (address >>> 12 ^ address >>> 22 ^ device * 0x9dL) & ENTRIES - 1;
    }

    private static long key(int device, long address) {
        return (address & PAGE) << 4 | device;
    }

    /** Returns the packed translation of a request, or {@link #MISS}. */
    long find(int device, long address, int access, long now) {
        int index = index(device, address);
        long found = value[index];
        if (key[index] == key(device, address) && stamp[index] == now
                && (found & access) == access && address >>> WIDTH == 0 && access != 0) {
            return found & PAGE | address & ~PAGE;
        }
        return MISS;
    }

    /**
     * Keeps a translation.
     *
     * @param rights READ and WRITE as the device has them
     */
    void put(int device, long address, long translation, int rights, long now) {
        if (address >>> WIDTH == 0 && translation >= 0 && !Translation.isUntranslated(translation)) {
            int index = index(device, address);
            key[index] = key(device, address);
            value[index] = translation & PAGE | rights & (Access.READ | Access.WRITE);
            stamp[index] = now;
        }
    }
}
