// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.kernel;

import iommu.api.sim.EventQueue;
import java.util.ArrayList;
import java.util.List;

/**
 * Addresses that a kernel has unmapped and not yet flushed from IOTLBs: nobody gets them before.
 * One thread.
 *
 * <p>Source: Linux, iova.c and dma-iommu.c, queue_iova and fq_flush_timeout.
 */
final class FlushQueue {

    private record Entry(IovaAllocator space, long iova, int pages) { }

    private final EventQueue queue;
    private final long periodNanos;
    private final Runnable flush;
    private final List<Entry> waiting = new ArrayList<>();

    /**
     * Makes an empty one.
     *
     * @param periodNanos from the first address that waits to the flush
     * @param flush flushes all units; does nothing once the kernel has stopped
     */
    FlushQueue(EventQueue queue, long periodNanos, Runnable flush) {
        this.queue = queue;
        this.periodNanos = periodNanos;
        this.flush = flush;
    }

    /** Keeps addresses of a space until the next flush, and gives them back then. */
    void add(IovaAllocator space, long iova, int pages) {
        waiting.add(new Entry(space, iova, pages));
        if (waiting.size() == 1) {
            queue.schedule(periodNanos, this::run);
        }
    }

    private void run() {
        flush.run();
        waiting.forEach(entry -> entry.space.free(entry.iova, entry.pages));
        waiting.clear();
    }
}
