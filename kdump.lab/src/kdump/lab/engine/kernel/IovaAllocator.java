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

    private final BitSet used = new BitSet(PAGES);

    /** Makes one in which a range of interrupt messages is taken, and page 0. */
    IovaAllocator(AddressRange messages) {
        reserve(messages.start(), messages.bytes());
        used.set(0);
    }

    /** Marks addresses that are in use; those over 4 GiB do not matter here. */
    void reserve(long iova, long bytes) {
        if (Long.compareUnsigned(iova, (long) PAGES << 12) < 0) {
            long end = Math.min(PAGES, (iova + bytes + 4095) >>> 12);
            used.set((int) (iova >>> 12), (int) end);
        }
    }

    /**
     * Returns a free page.
     *
     * @throws KernelPanicException if all are in use
     */
    long allocate() {
        int page = used.previousClearBit(PAGES - 1);
        if (page < 0) {
            throw new KernelPanicException("out of I/O virtual addresses");
        }
        used.set(page);
        return (long) page << 12;
    }

    void free(long iova) {
        used.clear((int) (iova >>> 12));
    }
}
