// SPDX-License-Identifier: Apache-2.0
package devices.pcie.usb;

import iommu.api.pcie.DeviceContext;

/** Options that several host controllers know, and how they are checked. */
public final class UsbOptions {

    /** Whether a device is plugged in. */
    public static final String ATTACHED = "attached";
    /** From a request for a report of the keyboard to a pressed key, in nanoseconds; 0: never. */
    public static final String REPORT_NANOS = "reportNanos";
    /** Whether firmware goes on using the controller, through memory reserved for that. */
    public static final String LEGACY_USE = "legacyUse";

    private UsbOptions() { }

    /**
     * Returns an option that is 0 or 1.
     *
     * @throws IllegalArgumentException if it is something else
     */
    public static boolean flag(DeviceContext context, String name, boolean otherwise) {
        return range(context, name, otherwise ? 1 : 0, 0, 1) != 0;
    }

    /**
     * Returns an option within a range.
     *
     * @throws IllegalArgumentException if it is not
     */
    public static long range(DeviceContext context, String name, long otherwise, long least,
            long most) {
        long value = context.option(name, otherwise);
        if (value < least || value > most) {
            throw new IllegalArgumentException(name + " " + value + ", expected " + least + " to "
                    + most);
        }
        return value;
    }

    /** Returns {@link #REPORT_NANOS}: as often as frames come, unless the machine says it. */
    public static long reportNanos(DeviceContext context) {
        return range(context, REPORT_NANOS,
                Math.max(0, context.option(DeviceContext.FRAME_NANOS, 0)), 0, Long.MAX_VALUE);
    }
}
