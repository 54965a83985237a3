// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.kernel;

import iommu.api.sim.EventQueue;
import iommu.api.trace.EventKind;
import iommu.api.trace.Trace;
import iommu.api.unit.KernelPanicException;

/**
 * Interrupts of devices that a capture kernel has not set up: each takes the processor a while, and
 * when they take all of its time nothing else gets done. One thread.
 */
final class SpuriousInterrupts {

    private static final long WINDOW_NANOS = 100_000_000;

    private final EventQueue queue;
    private final Trace trace;
    private final long cost;
    private long windowStart;
    private long count;

    /** @param cost of one interrupt, in nanoseconds */
    SpuriousInterrupts(EventQueue queue, Trace trace, long cost) {
        this.queue = queue;
        this.trace = trace;
        this.cost = cost;
        windowStart = queue.nanos();
    }

    /**
     * Takes one.
     *
     * @throws KernelPanicException if there is no time left for anything else
     */
    void taken(int alias, int vector) {
        trace.append(EventKind.INTERRUPT, alias, vector, 0);
        if (queue.nanos() - windowStart >= WINDOW_NANOS) {
            windowStart = queue.nanos();
            count = 0;
        }
        count++;
        if (count * cost > WINDOW_NANOS) {
            throw new KernelPanicException("interrupt storm: " + count + " interrupts in "
                    + (queue.nanos() - windowStart) / 1_000_000
                    + " ms take all of the processor's time");
        }
    }
}
