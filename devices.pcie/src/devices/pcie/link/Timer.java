// SPDX-License-Identifier: Apache-2.0
package devices.pcie.link;

import iommu.api.pcie.DeviceContext;

/**
 * An action that is due at one instant, or not at all: what was set before a reset does nothing
 * after it. Allocates nothing when it is set. One thread.
 */
public final class Timer {

    private static final long NEVER = Long.MAX_VALUE;

    private final DeviceContext context;
    private final Runnable action;
    private final Runnable tick = this::tick;
    private long due = NEVER;

    /** Makes one that is not set. */
    public Timer(DeviceContext context, Runnable action) {
        this.context = context;
        this.action = action;
    }

    /** Has the action run after so long, instead of whenever it was to run. */
    public void set(long delayNanos) {
        due = context.nanos() + delayNanos;
        context.schedule(delayNanos, tick);
    }

    /** Has the action not run. */
    public void cancel() {
        due = NEVER;
    }

    /** Returns whether the action is still to run. */
    public boolean isSet() {
        return due != NEVER;
    }

    private void tick() {
        if (due == context.nanos()) {
            due = NEVER;
            action.run();
        }
    }
}
