// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.kernel;

import iommu.api.memory.AddressRange;
import iommu.api.unit.KernelPanicException;
import java.util.BitSet;

/**
 * I/O virtual addresses of one domain, by page, from the top of the low 4 GiB downwards as Linux
 * gives them out. One thread.
 */
final class IovaAllocator {

    private static final int PAGES = 1 << 20;

    /** By page, counted from the top: few addresses in use take little room. */
    private final BitSet used = new BitSet();

    /** Makes one in which a range of interrupt messages is taken, and page 0. */
    IovaAllocator(AddressRange messages) {
        reserve(messages.start(), messages.bytes());
    }

    /** Marks addresses that are in use; those over 4 GiB do not matter here. */
    void reserve(long iova, long bytes) {
        if (Long.compareUnsigned(iova, (long) PAGES << 12) < 0) {
            int first = (int) (iova >>> 12);
            int end = (int) Math.min(PAGES, (iova + bytes + 4095) >>> 12);
            used.set(PAGES - end, PAGES - first);
        }
    }

    /**
     * Returns a free page, never page 0.
     *
     * @throws KernelPanicException if all are in use
     */
    long allocate() {
        int fromTop = used.nextClearBit(0);
        if (fromTop >= PAGES - 1) {
            throw new KernelPanicException("out of I/O virtual addresses");
        }
        used.set(fromTop);
        return (long) (PAGES - 1 - fromTop) << 12;
    }

    /**
     * Returns the first of adjacent free pages, as high as there are any, and aligned to a number
     * of pages that is a power of two.
     *
     * @throws KernelPanicException if there are none
     */
    long allocate(int pages, int aligned) {
        int end = used.nextClearBit(0);
        while (end + pages < PAGES) {
            int first = PAGES - end - pages & -aligned; // lowest page, from the bottom
            int top = PAGES - first - pages;
            int clash = used.nextSetBit(top);
            if (first > 0 && (clash < 0 || clash >= top + pages)) {
                used.set(top, top + pages);
                return (long) first << 12;
            }
            end = clash < 0 ? PAGES : used.nextClearBit(clash);
        }
        throw new KernelPanicException("out of I/O virtual addresses");
    }

    void free(long iova) {
        used.clear(PAGES - 1 - (int) (iova >>> 12));
    }
}
