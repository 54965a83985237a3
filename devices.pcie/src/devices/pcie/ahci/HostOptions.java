// SPDX-License-Identifier: Apache-2.0
package devices.pcie.ahci;

import static devices.pcie.link.DeviceOptions.GONE_FROM_NANOS;
import static devices.pcie.link.DeviceOptions.IGNORES_RESET;
import static devices.pcie.link.DeviceOptions.RESET_NANOS;
import static devices.pcie.link.DeviceOptions.WEDGES_ON_ABORT;

import iommu.api.pcie.DeviceContext;
import java.util.Set;

/**
 * What a machine asks of its host bus adapter. Times are nanoseconds.
 *
 * @param mediumNanos how long the disk's medium takes for a command
 * @param resetNanos how long GHC.HR stays set
 * @param linkNanos from the end of a COMRESET to the disk's signature
 * @param sectors size of the disk; 0 if none is there
 * @param serial number of the disk
 * @param port at which the disk is
 * @param ignoresReset whether GHC.HR does nothing and stays set
 * @param wedgesOnAbort whether an aborted request is the last thing it does
 * @param goneFromNanos the instant at which it is pulled out of its slot
 */
record HostOptions(long mediumNanos, long resetNanos, long linkNanos, long sectors, String serial,
        int port, boolean ignoresReset, boolean wedgesOnAbort, long goneFromNanos) {

    private static final String LINK_NANOS = "linkNanos";
    private static final String SERIAL = "serial";
    private static final String PORT = "port";
    static final Set<String> NAMES = Set.of(DeviceContext.MEDIUM_NANOS, RESET_NANOS, LINK_NANOS,
            DeviceContext.SECTORS, PORT, IGNORES_RESET, WEDGES_ON_ABORT, GONE_FROM_NANOS);

    private static final long USUAL_MEDIUM_NANOS = 100_000;
    private static final long USUAL_RESET_NANOS = 1_000_000;
    private static final long USUAL_LINK_NANOS = 10_000_000;
    private static final long USUAL_SECTORS = 1L << 32;
    private static final long MOST_SECTORS = 1L << 48;

    /**
     * Returns what the machine of a context asks.
     *
     * @throws IllegalArgumentException if a number is out of range
     */
    static HostOptions of(DeviceContext context) {
        long medium = between(context, DeviceContext.MEDIUM_NANOS, 0, 0, Long.MAX_VALUE);
        int port = (int) between(context, PORT, 0, 0, AhciLayout.PORTS - 1);
        String serial = context.text(SERIAL, "");
        return new HostOptions(medium == 0 ? USUAL_MEDIUM_NANOS : medium,
                between(context, RESET_NANOS, USUAL_RESET_NANOS, 0, Long.MAX_VALUE),
                between(context, LINK_NANOS, USUAL_LINK_NANOS, 0, Long.MAX_VALUE),
                between(context, DeviceContext.SECTORS, USUAL_SECTORS, 0, MOST_SECTORS),
                serial.isEmpty() ? String.format("QM%05d", 1 + 2 * port) : serial, port,
                between(context, IGNORES_RESET, 0, 0, 1) != 0,
                between(context, WEDGES_ON_ABORT, 0, 0, 1) != 0,
                context.option(GONE_FROM_NANOS, Long.MAX_VALUE));
    }

    private static long between(DeviceContext context, String name, long usual, long low,
            long high) {
        long value = context.option(name, usual);
        if (value < low || value > high) {
            throw new IllegalArgumentException(name + " of " + value);
        }
        return value;
    }
}
