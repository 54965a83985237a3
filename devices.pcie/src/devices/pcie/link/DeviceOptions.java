// SPDX-License-Identifier: Apache-2.0
package devices.pcie.link;

import iommu.api.pcie.DeviceContext;
import iommu.api.pcie.DriverPort;

/** Names of the options by which devices of any kind are asked to misbehave. */
public final class DeviceOptions {

    /** Whether an aborted read is the end until the function is reset. */
    public static final String WEDGES_ON_ABORT = "wedgesOnAbort";
    /** Whether the device's own reset does nothing. */
    public static final String IGNORES_RESET = "ignoresReset";
    /** How long it takes, in nanoseconds, until the device is ready after its own reset. */
    public static final String RESET_NANOS = "resetNanos";
    /** The instant at which the device is pulled out of its slot; never if nothing is asked. */
    public static final String GONE_FROM_NANOS = "goneFromNanos";

    /**
     * How long a driver takes, in nanoseconds, from bus mastering being on to the reset of the
     * device, which goes on meanwhile with whatever it holds.
     */
    public static final String MASTER_TO_RESET_NANOS = "masterToResetNanos";

    private DeviceOptions() { }

    /** Returns whether the interface of this driver is opened as soon as it has probed. */
    public static boolean opensInterface(DriverPort port) {
        return port.option(DeviceContext.OPENS_INTERFACE, 0) != 0;
    }

    /**
     * Returns how long a driver takes from bus mastering being on to its reset of the device.
     *
     * @param usual for this driver, if the machine asks for nothing else; 0 or more, nanoseconds
     */
    public static long masterToResetNanos(DriverPort port, long usual) {
        return Math.max(0, port.option(MASTER_TO_RESET_NANOS, usual));
    }
}
