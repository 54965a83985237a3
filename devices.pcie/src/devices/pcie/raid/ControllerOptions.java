// SPDX-License-Identifier: Apache-2.0
package devices.pcie.raid;

import static devices.pcie.link.DeviceOptions.GONE_FROM_NANOS;
import static devices.pcie.link.DeviceOptions.IGNORES_RESET;
import static devices.pcie.link.DeviceOptions.MASTER_TO_RESET_NANOS;
import static devices.pcie.link.DeviceOptions.RESET_NANOS;
import static devices.pcie.link.DeviceOptions.WEDGES_ON_ABORT;

import iommu.api.pcie.DeviceContext;
import java.util.Set;

/**
 * What a machine asks of a controller.
 *
 * @param mediumNanos how long the disks take for one command, 20 ms if nothing is asked
 * @param wedgesOnAbort whether the firmware locks up after an aborted read, which it does if
 *     nothing is asked
 * @param ignoresReset whether it takes no notice of resets by doorbell or message
 * @param resetNanos from a reset to the instant at which the firmware is ready, 1.5 s if nothing is
 *     asked
 * @param goneFromNanos the instant at which it is pulled out of its slot, never if nothing is asked
 */
record ControllerOptions(long mediumNanos, boolean wedgesOnAbort, boolean ignoresReset,
        long resetNanos, long goneFromNanos) {

    static final Set<String> NAMES = Set.of(DeviceContext.MEDIUM_NANOS, WEDGES_ON_ABORT,
            IGNORES_RESET, RESET_NANOS, GONE_FROM_NANOS, MASTER_TO_RESET_NANOS);

    private static final long MEDIUM_NANOS = 20_000_000;
    private static final long COMES_UP_NANOS = 1_500_000_000;

    /** Checks the times. */
    ControllerOptions {
        if (mediumNanos < 0 || resetNanos < 0) {
            throw new IllegalArgumentException((mediumNanos < 0 ? DeviceContext.MEDIUM_NANOS
                    : RESET_NANOS) + " = " + Math.min(mediumNanos, resetNanos));
        }
    }

    static ControllerOptions of(DeviceContext context) {
        long medium = context.option(DeviceContext.MEDIUM_NANOS, MEDIUM_NANOS);
        return new ControllerOptions(medium == 0 ? MEDIUM_NANOS : medium,
                context.option(WEDGES_ON_ABORT, 1) != 0, context.option(IGNORES_RESET, 0) != 0,
                context.option(RESET_NANOS, COMES_UP_NANOS),
                context.option(GONE_FROM_NANOS, Long.MAX_VALUE));
    }
}
