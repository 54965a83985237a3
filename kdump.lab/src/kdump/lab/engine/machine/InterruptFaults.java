// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.machine;

import iommu.api.pcie.Interrupts;
import iommu.api.sim.EventQueue;
import java.util.Set;

/**
 * What can be wrong with the interrupts of any device, whatever its model. {@value #STUCK_FROM}:
 * the instant from which on something is always raised, until the function is reset.
 * {@value #STORM_NANOS}: from the crash on the first vector is raised again and again, this far
 * apart, until the device is reset. By default neither is so. One thread.
 */
final class InterruptFaults {

    /** Option: the instant from which on an interrupt is pending for ever. */
    static final String STUCK_FROM = "interruptStuckFromNanos";
    /** Option: nanoseconds from one interrupt to the next, 0 for no storm. */
    static final String STORM_NANOS = "interruptStormNanos";
    /** Both. */
    static final Set<String> OPTIONS = Set.of(STUCK_FROM, STORM_NANOS);

    /** No link carries more messages than one in this time. */
    private static final long LEAST_STORM_NANOS = 1_000;

    private final EventQueue queue;
    private final Interrupts interrupts;
    private final long stormNanos;
    private final long crashNanos;
    private boolean over;

    /**
     * Plans what was asked for.
     *
     * @throws IllegalArgumentException if an instant is negative, or a period neither 0 nor 1 us
     *     or more
     */
    InterruptFaults(EventQueue queue, Interrupts interrupts, DeviceSetup setup, int requester) {
        this.queue = queue;
        this.interrupts = interrupts;
        crashNanos = setup.crashAtNanos();
        stormNanos = setup.option(requester, STORM_NANOS, 0);
        if (stormNanos != 0 && stormNanos < LEAST_STORM_NANOS) {
            throw new IllegalArgumentException(STORM_NANOS + " = " + stormNanos
                    + ", expected 0 or at least " + LEAST_STORM_NANOS);
        }
        long stuckFrom = setup.option(requester, STUCK_FROM, Long.MAX_VALUE);
        if (stuckFrom < 0) {
            throw new IllegalArgumentException(STUCK_FROM + " = " + stuckFrom);
        }
        if (stuckFrom != Long.MAX_VALUE) {
            queue.schedule(Math.max(0, stuckFrom - queue.nanos()), interrupts::stick);
        }
        if (stormNanos > 0) {
            queue.schedule(Math.max(0, crashNanos - queue.nanos()), this::storm);
        }
    }

    private void storm() {
        if (!over) {
            interrupts.raise(0);
            queue.schedule(stormNanos, this::storm);
        }
    }

    /** The device was reset: after the crash that ends the storm. */
    void reset() {
        over = queue.nanos() >= crashNanos;
    }
}
