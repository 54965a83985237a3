// SPDX-License-Identifier: Apache-2.0
package devices.pcie.xhci;

import devices.pcie.usb.ControllerDriver;
import iommu.api.pcie.DriverPort;
import iommu.api.pcie.Workload;
import java.util.function.LongSupplier;

/** The driver of a controller: the disk is kept busy, reports of the keyboard are waited for. */
final class XhciDriver extends ControllerDriver {

    private final DriverPort port;
    private final HostAccess access;

    XhciDriver(DriverPort port) {
        this(port, new HostAccess(port));
    }

    private XhciDriver(DriverPort port, HostAccess access) {
        super(port, access);
        this.port = port;
        this.access = access;
    }

    @Override
    protected LongSupplier begin(Workload work, long seed) {
        var workload = new UsbWorkload(port, access, work, seed);
        workload.start();
        return workload::service;
    }

    @Override
    protected Probe newProbe() {
        return new UsbProbe(port, access);
    }
}
