// SPDX-License-Identifier: Apache-2.0
package devices.pcie.ehci;

import static devices.pcie.link.DeviceOptions.GONE_FROM_NANOS;
import static devices.pcie.link.DeviceOptions.IGNORES_RESET;
import static devices.pcie.link.DeviceOptions.MASTER_TO_RESET_NANOS;
import static devices.pcie.link.DeviceOptions.RESET_NANOS;
import static devices.pcie.link.DeviceOptions.WEDGES_ON_ABORT;

import devices.pcie.usb.UsbOptions;
import iommu.api.pcie.DeviceContext;
import java.util.Set;

/**
 * What a machine asks of its controller. Times are nanoseconds.
 *
 * @param attached whether a device is at port 1
 * @param companions how many companion controllers, of two ports each, there are
 * @param mediumNanos how long the medium of that device takes for a command
 * @param reportNanos from a request for a report of its keyboard to a pressed key; 0: nobody types
 * @param asyncNanos from a round of the asynchronous schedule in which nothing moves to the next
 * @param resetNanos how long HCRESET stays set
 * @param handOffNanos how long firmware takes to give the controller up; -1: it never does
 * @param legacyUse whether firmware uses it, through memory that is reserved for that
 * @param reservedStart where that memory begins; looked at only if there is any
 * @param reservedBytes its size; 0: none is reserved
 * @param ignoresReset whether HCRESET does nothing and stays set
 * @param wedgesOnAbort whether after an aborted read it takes no register write any more
 * @param goneFromNanos the instant at which it is pulled out of its slot
 */
record EhciOptions(boolean attached, int companions, long mediumNanos, long reportNanos,
        long asyncNanos, long resetNanos, long handOffNanos, boolean legacyUse, long reservedStart,
        long reservedBytes, boolean ignoresReset, boolean wedgesOnAbort, long goneFromNanos) {

    static final String COMPANIONS = "companions";
    static final String ASYNC_NANOS = "asyncNanos";
    static final String HAND_OFF_NANOS = "handOffNanos";
    static final Set<String> NAMES = Set.of(UsbOptions.ATTACHED, COMPANIONS,
            DeviceContext.MEDIUM_NANOS, UsbOptions.REPORT_NANOS, ASYNC_NANOS, RESET_NANOS,
            HAND_OFF_NANOS, UsbOptions.LEGACY_USE, DeviceContext.RESERVED_START,
            DeviceContext.RESERVED_BYTES, IGNORES_RESET, WEDGES_ON_ABORT, GONE_FROM_NANOS,
            MASTER_TO_RESET_NANOS);

    private static final int MOST_COMPANIONS = EhciLayout.PORTS / EhciLayout.PORTS_OF_COMPANION;
    private static final long USUAL_MEDIUM_NANOS = 100_000;
    private static final long USUAL_ASYNC_NANOS = 1_000_000;
    /** Hardware looks again so soon: EHCI 1.0, "Empty Asynchronous Schedule Detection". */
    private static final long LEAST_ASYNC_NANOS = 10_000;
    private static final long MOST_ASYNC_NANOS = 1_000_000_000;
    private static final long USUAL_RESET_NANOS = 100_000;
    private static final long USUAL_HAND_OFF_NANOS = 1_000_000;

    /**
     * Returns what the machine of a context asks.
     *
     * @throws IllegalArgumentException if an option is out of range
     */
    static EhciOptions of(DeviceContext context) {
        long medium = UsbOptions.range(context, DeviceContext.MEDIUM_NANOS, 0, 0, Long.MAX_VALUE);
        return new EhciOptions(UsbOptions.flag(context, UsbOptions.ATTACHED, true),
                (int) UsbOptions.range(context, COMPANIONS, 0, 0, MOST_COMPANIONS),
                medium == 0 ? USUAL_MEDIUM_NANOS : medium, UsbOptions.reportNanos(context),
                UsbOptions.range(context, ASYNC_NANOS, USUAL_ASYNC_NANOS, LEAST_ASYNC_NANOS,
                        MOST_ASYNC_NANOS),
                UsbOptions.range(context, RESET_NANOS, USUAL_RESET_NANOS, 0, Long.MAX_VALUE),
                UsbOptions.range(context, HAND_OFF_NANOS, USUAL_HAND_OFF_NANOS, -1,
                        Long.MAX_VALUE),
                UsbOptions.flag(context, UsbOptions.LEGACY_USE, false),
                context.option(DeviceContext.RESERVED_START, 0),
                context.option(DeviceContext.RESERVED_BYTES, 0),
                UsbOptions.flag(context, IGNORES_RESET, false),
                UsbOptions.flag(context, WEDGES_ON_ABORT, false),
                context.option(GONE_FROM_NANOS, Long.MAX_VALUE));
    }
}
