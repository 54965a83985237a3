// SPDX-License-Identifier: Apache-2.0
package devices.pcie.raid;

import iommu.api.pcie.DeviceContext;

/**
 * An action that is due at one instant, or not at all: what was set before a reset does nothing
 * after it. Allocates nothing when it is set. One thread.
 */
final class Timer {

    private static final long NEVER = Long.MAX_VALUE;

    private final DeviceContext context;
    private final Runnable action;
    private final Runnable tick = this::tick;
    private long due = NEVER;

    Timer(DeviceContext context, Runnable action) {
        this.context = context;
        this.action = action;
    }

    /** Has the action run after so long, instead of whenever it was to run. */
    void set(long delayNanos) {
        due = context.nanos() + delayNanos;
        context.schedule(delayNanos, tick);
    }

    /** Has the action not run. */
    void cancel() {
        due = NEVER;
    }

    boolean isSet() {
        return due != NEVER;
    }

    private void tick() {
        if (due == context.nanos()) {
            due = NEVER;
            action.run();
        }
    }
}
