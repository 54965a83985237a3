// SPDX-License-Identifier: Apache-2.0
package devices.pcie.bmc;

import iommu.api.pcie.DeviceDriver;
import iommu.api.pcie.DriverPort;
import iommu.api.pcie.PciFunction;
import iommu.api.pcie.Workload;

/**
 * The driver: enables the function, sees whether somebody is there, and maps nothing; the
 * controller goes on with its reserved memory under it. One thread.
 *
 * <p>Source: Linux, hpilo.c, ilo_probe: pci_enable_device, pci_set_master, registers mapped.
 */
final class ManagementDriver implements DeviceDriver {

    private static final int COMMAND = 0x04;
    private static final int MEMORY_AND_MASTER = 0x0006;

    private final PciFunction function;

    ManagementDriver(DriverPort port) {
        function = port.function();
    }

    @Override
    public void start(Workload workload, long seed) { }

    @Override
    public long service() {
        return 0;
    }

    @Override
    public String probe() {
        function.writeConfig(COMMAND, 2, function.readConfig(COMMAND, 2) | MEMORY_AND_MASTER);
        return (int) function.readRegister(0, 0, Integer.BYTES)
                == ManagementController.IDENTIFICATION ? null : "probe failed with error -19";
    }

    @Override
    public String write(long physicalAddress, int bytes, long position) {
        return "has no medium";
    }
}
