// SPDX-License-Identifier: Apache-2.0
package devices.pcie.nvme;

import iommu.api.pcie.Access;
import iommu.api.pcie.DmaBuffer;
import iommu.api.pcie.DriverPort;
import java.util.List;

/**
 * Memory that a driver and its controller share: one piece of I/O addresses, in pages wherever they
 * are. Immutable.
 */
final class QueueMemory {

    static final int PAGE_BYTES = 4096;

    private final long iova;
    private final long[] pages;

    private QueueMemory(long iova, long[] pages) {
        this.iova = iova;
        this.pages = pages;
    }

    /** Takes pages that are mapped to adjacent addresses, lowest first. */
    static QueueMemory of(List<DmaBuffer> mapped) {
        return new QueueMemory(mapped.get(0).iova(),
                mapped.stream().mapToLong(DmaBuffer::physicalAddress).toArray());
    }

    /** Allocates cleared memory that both sides read and write. */
    static QueueMemory allocate(DriverPort port, int bytes) {
        int count = (bytes + PAGE_BYTES - 1) / PAGE_BYTES;
        DmaBuffer piece = port.map(port.allocatePages(count), count * PAGE_BYTES,
                Access.READ | Access.WRITE);
        long[] pages = new long[count];
        for (int i = 0; i < count; i++) {
            pages[i] = piece.physicalAddress() + (long) i * PAGE_BYTES;
        }
        return new QueueMemory(piece.iova(), pages);
    }

    /** Returns where it begins as the controller sees it. */
    long iova() {
        return iova;
    }

    /** Returns where in memory a byte of it lies. */
    long address(int offset) {
        return pages[offset / PAGE_BYTES] + offset % PAGE_BYTES;
    }

    /** Clears what comes first of it. */
    void clear(DriverPort port, int bytes) {
        byte[] zeros = new byte[Math.min(bytes, PAGE_BYTES)];
        for (int i = 0; i < bytes; i += zeros.length) {
            port.write(address(i), zeros, 0, zeros.length);
        }
    }
}
