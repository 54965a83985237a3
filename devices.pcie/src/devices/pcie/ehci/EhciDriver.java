// SPDX-License-Identifier: Apache-2.0
package devices.pcie.ehci;

import iommu.api.pcie.DeviceDriver;
import iommu.api.pcie.DriverPort;
import iommu.api.pcie.Interrupts;
import iommu.api.pcie.Workload;

/**
 * The driver of a controller. Under the first kernel it keeps the disk busy and waits for reports
 * of the keyboard; under a capture kernel it takes the controller over and enumerates what is
 * plugged in. It writes no dump. One thread.
 */
final class EhciDriver implements DeviceDriver {

    private final DriverPort port;
    private final HostAccess access;
    private UsbWorkload workload;
    private HostProbe probe;

    EhciDriver(DriverPort port) {
        this.port = port;
        access = new HostAccess(port);
    }

    @Override
    public void start(Workload work, long seed) {
        if (work.requestsPerSecond() == 0 || work.rings().isEmpty()) {
            return;
        }
        if (work.message() != null) {
            Interrupts.writeEntry(port.function(), 0, work.message());
        }
        workload = new UsbWorkload(port, access, work, seed);
        workload.start();
    }

    @Override
    public long service() {
        return workload == null ? 0 : workload.service();
    }

    @Override
    public void finalFixup() {
        access.handOff();
    }

    @Override
    public String probe() {
        probe = new HostProbe(port, access);
        return probe.probe();
    }

    @Override
    public String write(long physicalAddress, int bytes, long position) {
        return "has no medium";
    }

    @Override
    public String shutdown() {
        if (probe != null) {
            probe.shutdown();
        }
        return null;
    }
}
