// SPDX-License-Identifier: Apache-2.0
package devices.pcie.raid;

import iommu.api.pcie.DeviceContext;

/**
 * Whether the firmware runs: not before it has come up after a reset, and not once it has locked
 * up. It runs from the beginning. One thread.
 */
final class FirmwareState {

    /** What scratchpad 1 shows of a lockup; the value is the firmware's own affair. */
    static final int LOCKUP_CODE = 0x0013_0000;
    private static final int COMING_UP = 0;
    private static final long HEARTBEAT_NANOS = 500_000_000;

    private final DeviceContext context;
    private final ControllerOptions options;
    private long readyAt;
    private boolean lockedUp;
    private long lockedUpAt;
    private int generation;

    FirmwareState(DeviceContext context, ControllerOptions options) {
        this.context = context;
        this.options = options;
        readyAt = context.nanos();
    }

    boolean isPresent() {
        return context.nanos() < options.goneFromNanos();
    }

    boolean runs() {
        return !lockedUp && context.nanos() >= readyAt && isPresent();
    }

    /** Returns whether it may send requests: otherwise it waits with those that it has. */
    boolean isBusMaster() {
        return context.function().busMaster();
    }

    /** A read was aborted. */
    void aborted() {
        if (options.wedgesOnAbort()) {
            lockedUp = true;
            lockedUpAt = context.nanos();
        }
    }

    /** Comes up anew. */
    void restart() {
        lockedUp = false;
        readyAt = context.nanos() + options.resetNanos();
        generation++;
    }

    /** Returns how often it has come up anew. */
    int generation() {
        return generation;
    }

    int scratchpad() {
        return lockedUp ? LOCKUP_CODE
                : context.nanos() < readyAt ? COMING_UP : CissLayout.FIRMWARE_READY;
    }

    /** Returns a count that goes on while it runs. */
    int heartbeat() {
        long until = lockedUp ? lockedUpAt : context.nanos();
        return (int) (Math.max(0, until - readyAt) / HEARTBEAT_NANOS);
    }
}
