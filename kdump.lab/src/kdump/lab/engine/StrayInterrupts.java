// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine;

import iommu.api.pcie.RequesterId;
import iommu.api.sim.EventQueue;
import java.util.HashSet;
import java.util.Set;

/**
 * Interrupts of devices that a capture kernel has not set up: each takes the processor a while, and
 * when they take all of its time nothing else gets done. One thread.
 */
final class StrayInterrupts {

    private static final long WINDOW_NANOS = 100_000_000;

    private final EventQueue queue;
    private final Timeline timeline;
    private final long cost;
    private final Set<Integer> seen = new HashSet<>();
    private long windowStart;
    private long count;

    /** @param cost of one interrupt, in nanoseconds */
    StrayInterrupts(EventQueue queue, Timeline timeline, long cost) {
        this.queue = queue;
        this.timeline = timeline;
        this.cost = cost;
        windowStart = queue.nanos();
    }

    /**
     * Takes one.
     *
     * @throws IllegalStateException if there is no time left for anything else
     */
    void taken(int alias, int vector) {
        if (seen.add(alias)) {
            timeline.add("interrupt", String.format("%s interrupts at vector 0x%02x, which the"
                    + " capture kernel has not set up", RequesterId.format(alias), vector));
        }
        if (queue.nanos() - windowStart >= WINDOW_NANOS) {
            windowStart = queue.nanos();
            count = 0;
        }
        count++;
        if (count * cost > WINDOW_NANOS) {
            throw new IllegalStateException("interrupt storm: " + count + " interrupts in "
                    + (queue.nanos() - windowStart) / 1_000_000
                    + " ms take all of the processor's time");
        }
    }
}
