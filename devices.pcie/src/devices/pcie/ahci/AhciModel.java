// SPDX-License-Identifier: Apache-2.0
package devices.pcie.ahci;

import iommu.api.pcie.Device;
import iommu.api.pcie.DeviceContext;
import iommu.api.pcie.DeviceDriver;
import iommu.api.pcie.DeviceModel;
import iommu.api.pcie.DriverPort;
import iommu.api.pcie.FunctionConfig;
import java.util.Set;
import org.osgi.service.component.annotations.Component;

/**
 * Puts a host bus adapter with a disk at port 0 behind every function of class 010601h, and its
 * driver. docs/devices.md lists the options.
 *
 * <p>Source of the class code: AHCI 1.3.1, "Class Code".
 */
@Component(property = "service.ranking:Integer=10")
public final class AhciModel implements DeviceModel {

    private static final int SATA_AHCI = 0x010601;

    @Override
    public String name() {
        return "ahci";
    }

    @Override
    public boolean accepts(FunctionConfig function) {
        return function.headerType() == 0 && function.classCode() == SATA_AHCI;
    }

    @Override
    public Set<String> options() {
        return HostOptions.NAMES;
    }

    @Override
    public Device device(DeviceContext context) {
        return new HostBusAdapter(context, HostOptions.of(context));
    }

    @Override
    public DeviceDriver driver(DriverPort port) {
        return new AhciDriver(port);
    }
}
