// SPDX-License-Identifier: Apache-2.0
package devices.pcie.bmc;

import devices.pcie.link.DeviceOptions;
import iommu.api.pcie.Device;
import iommu.api.pcie.DeviceContext;
import iommu.api.pcie.DeviceDriver;
import iommu.api.pcie.DeviceModel;
import iommu.api.pcie.DriverPort;
import iommu.api.pcie.FunctionConfig;
import java.util.Set;
import org.osgi.service.component.annotations.Component;

/**
 * Puts a management controller behind functions of class 0880h that are known to be the host's side
 * of one: iLO (103C:3306 and 103C:3307). docs/devices.md lists the options.
 */
@Component(property = "service.ranking:Integer=10")
public final class BmcModel implements DeviceModel {

    private static final int SYSTEM_PERIPHERAL = 0x0880;
    private static final int HEWLETT_PACKARD = 0x103c;
    private static final Set<Integer> DEVICES = Set.of(0x3306, 0x3307);

    @Override
    public String name() {
        return "bmc";
    }

    @Override
    public boolean accepts(FunctionConfig function) {
        return function.headerType() == 0 && function.classCode() >>> 8 == SYSTEM_PERIPHERAL
                && function.u16(0) == HEWLETT_PACKARD && DEVICES.contains(function.u16(2));
    }

    @Override
    public Set<String> options() {
        return Set.of(ManagementController.REPORT_NANOS, DeviceContext.RESERVED_START,
                DeviceContext.RESERVED_BYTES, DeviceOptions.GONE_FROM_NANOS);
    }

    @Override
    public String activity(FunctionConfig function) {
        return "for ever, as its firmware needs no kernel";
    }

    @Override
    public boolean worksByItself(FunctionConfig function) {
        return true;
    }

    @Override
    public Device device(DeviceContext context) {
        return new ManagementController(context);
    }

    @Override
    public DeviceDriver driver(DriverPort port) {
        return new ManagementDriver(port);
    }
}
