// SPDX-License-Identifier: Apache-2.0
package devices.pcie.nvme;

import iommu.api.pcie.Access;
import iommu.api.pcie.DmaBuffer;
import iommu.api.pcie.DriverPort;
import iommu.api.pcie.Medium;

/**
 * Processes that read from a disk one after the other, each as far ahead as Linux reads: each has a
 * request of 128 KiB outstanding, into pages that are mapped for just that, and posts the next one
 * when it is done. Lists of pages lie in pages of their own, 16 a page. One thread.
 *
 * <p>Source: Linux, read_ahead_kb, 128 by default; nvme_setup_prp_pools, "prp list 256".
 */
final class Readers {

    private static final int PAGE_BYTES = QueueMemory.PAGE_BYTES;
    private static final int PAGES = 32;
    private static final int BYTES = PAGES * PAGE_BYTES;
    private static final int BLOCKS = BYTES / Medium.SECTOR_BYTES;
    private static final int LIST_BYTES = 256;
    private static final int LISTS = PAGE_BYTES / LIST_BYTES;
    /** Blocks between where two processes began. */
    private static final long APART = 1 << 20;
    /** How long a process takes until it asks for more; assumed. */
    private static final long PAUSE_NANOS = 1_000_000;

    private final DriverPort port;
    private final QueuePair io;
    /** Of each process: its pages, as long as its request is under way mapped. */
    private final long[] memory;
    private final DmaBuffer[] mapped;
    private final long[] next;
    private final QueueMemory[] lists;

    /** Makes so many. */
    Readers(DriverPort port, QueuePair io, int count) {
        this.port = port;
        this.io = io;
        int most = Math.min(count, io.entries - 1);
        memory = new long[most];
        mapped = new DmaBuffer[most];
        next = new long[most];
        lists = new QueueMemory[(most + LISTS - 1) / LISTS];
        for (int i = 0; i < most; i++) {
            memory[i] = port.allocatePages(PAGES);
            next[i] = i * APART;
        }
        for (int i = 0; i < lists.length; i++) {
            lists[i] = QueueMemory.allocate(port, PAGE_BYTES);
        }
    }

    /** Goes on; returns when to call again. */
    long work() {
        boolean news = false;
        while (io.take()) {
            int reader = io.commandId();
            if (reader < mapped.length && mapped[reader] != null) {
                port.unmap(mapped[reader]);
                mapped[reader] = null;
            }
            news = true;
        }
        if (news) {
            io.attended();
        }
        boolean posted = false;
        for (int reader = 0; reader < memory.length; reader++) {
            if (mapped[reader] == null) {
                post(reader);
                posted = true;
            }
        }
        if (posted) {
            io.ring();
        }
        return PAUSE_NANOS;
    }

    private void post(int reader) {
        DmaBuffer buffer = port.map(memory[reader], BYTES, Access.WRITE);
        mapped[reader] = buffer;
        QueueMemory list = lists[reader / LISTS];
        int at = reader % LISTS * LIST_BYTES;
        for (int page = 1; page < PAGES; page++) {
            port.write64(list.address(at + (page - 1) * Long.BYTES),
                    buffer.iova() + (long) page * PAGE_BYTES);
        }
        io.put(NvmeCommands.READ, reader, 1, buffer.iova(), list.iova() + at, next[reader],
                BLOCKS - 1);
        next[reader] += BLOCKS;
    }
}
