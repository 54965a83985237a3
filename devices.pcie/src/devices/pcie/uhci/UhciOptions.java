// SPDX-License-Identifier: Apache-2.0
package devices.pcie.uhci;

import static devices.pcie.link.DeviceOptions.GONE_FROM_NANOS;
import static devices.pcie.link.DeviceOptions.IGNORES_RESET;
import static devices.pcie.link.DeviceOptions.MASTER_TO_RESET_NANOS;
import static devices.pcie.link.DeviceOptions.WEDGES_ON_ABORT;

import devices.pcie.usb.UsbOptions;
import iommu.api.pcie.DeviceContext;
import java.util.Set;

/**
 * What a machine asks of its controller. Times are nanoseconds.
 *
 * @param attached whether a keyboard is at port 1
 * @param reportNanos from a request for a report of the keyboard to a pressed key; 0: nobody types
 * @param legacyUse whether firmware uses it, through memory that is reserved for that
 * @param reservedStart where that memory begins; looked at only if there is any
 * @param reservedBytes its size; 0: none is reserved
 * @param ignoresReset whether HCRESET does nothing and stays set
 * @param wedgesOnAbort whether after an aborted read it takes no register write any more
 * @param goneFromNanos the instant at which it is pulled out of its slot
 */
record UhciOptions(boolean attached, long reportNanos, boolean legacyUse, long reservedStart,
        long reservedBytes, boolean ignoresReset, boolean wedgesOnAbort, long goneFromNanos) {

    static final Set<String> NAMES = Set.of(UsbOptions.ATTACHED, UsbOptions.REPORT_NANOS,
            UsbOptions.LEGACY_USE, DeviceContext.RESERVED_START, DeviceContext.RESERVED_BYTES,
            IGNORES_RESET, WEDGES_ON_ABORT, GONE_FROM_NANOS, MASTER_TO_RESET_NANOS);

    /**
     * Returns what the machine of a context asks.
     *
     * @throws IllegalArgumentException if an option is out of range
     */
    static UhciOptions of(DeviceContext context) {
        return new UhciOptions(UsbOptions.flag(context, UsbOptions.ATTACHED, true),
                UsbOptions.reportNanos(context),
                UsbOptions.flag(context, UsbOptions.LEGACY_USE, false),
                context.option(DeviceContext.RESERVED_START, 0),
                context.option(DeviceContext.RESERVED_BYTES, 0),
                UsbOptions.flag(context, IGNORES_RESET, false),
                UsbOptions.flag(context, WEDGES_ON_ABORT, false),
                context.option(GONE_FROM_NANOS, Long.MAX_VALUE));
    }
}
