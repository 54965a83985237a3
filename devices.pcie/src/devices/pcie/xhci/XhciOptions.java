// SPDX-License-Identifier: Apache-2.0
package devices.pcie.xhci;

import static devices.pcie.link.DeviceOptions.GONE_FROM_NANOS;
import static devices.pcie.link.DeviceOptions.IGNORES_RESET;
import static devices.pcie.link.DeviceOptions.MASTER_TO_RESET_NANOS;
import static devices.pcie.link.DeviceOptions.RESET_NANOS;
import static devices.pcie.link.DeviceOptions.WEDGES_ON_ABORT;

import iommu.api.pcie.DeviceContext;
import java.util.Set;

/**
 * What a machine asks of its controller. Times are nanoseconds.
 *
 * @param attached whether a device is at port 1
 * @param mediumNanos how long the medium of that device takes for a command
 * @param reportNanos from one report of its keyboard to the next; 0: nobody types
 * @param resetNanos how long HCRST stays set
 * @param handOffNanos how long firmware takes to give the controller up; negative: it never does
 * @param ignoresReset whether HCRST does nothing and stays set
 * @param wedgesOnAbort whether after an aborted read it takes no register write any more
 * @param goneFromNanos the instant at which it is pulled out of its slot
 */
record XhciOptions(boolean attached, long mediumNanos, long reportNanos, long resetNanos,
        long handOffNanos, boolean ignoresReset, boolean wedgesOnAbort, long goneFromNanos) {

    static final String ATTACHED = "attached";
    static final String REPORT_NANOS = "reportNanos";
    static final String HAND_OFF_NANOS = "handOffNanos";
    static final Set<String> NAMES = Set.of(ATTACHED, DeviceContext.MEDIUM_NANOS, REPORT_NANOS,
            RESET_NANOS, HAND_OFF_NANOS, IGNORES_RESET, WEDGES_ON_ABORT, GONE_FROM_NANOS,
            MASTER_TO_RESET_NANOS);

    private static final long USUAL_MEDIUM_NANOS = 100_000;
    private static final long USUAL_RESET_NANOS = 1_000_000;
    private static final long USUAL_HAND_OFF_NANOS = 1_000_000;

    /**
     * Returns what the machine of a context asks; negative times but that of the hand-off are 0.
     */
    static XhciOptions of(DeviceContext context) {
        long medium = context.option(DeviceContext.MEDIUM_NANOS, 0);
        return new XhciOptions(context.option(ATTACHED, 1) != 0,
                medium <= 0 ? USUAL_MEDIUM_NANOS : medium,
                Math.max(0, context.option(REPORT_NANOS,
                        context.option(DeviceContext.FRAME_NANOS, 0))),
                Math.max(0, context.option(RESET_NANOS, USUAL_RESET_NANOS)),
                context.option(HAND_OFF_NANOS, USUAL_HAND_OFF_NANOS),
                context.option(IGNORES_RESET, 0) != 0, context.option(WEDGES_ON_ABORT, 0) != 0,
                context.option(GONE_FROM_NANOS, Long.MAX_VALUE));
    }
}
