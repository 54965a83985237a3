// SPDX-License-Identifier: Apache-2.0
package example.device;

import iommu.api.pcie.Device;
import iommu.api.pcie.DeviceContext;
import iommu.api.pcie.DeviceDriver;
import iommu.api.pcie.DeviceModel;
import iommu.api.pcie.DriverPort;
import iommu.api.pcie.FunctionConfig;
import org.osgi.service.component.annotations.Component;

/**
 * Puts a copy engine behind functions 1234:0001. The lab's generic engine takes all that do DMA by
 * their class: a higher ranking goes before it.
 */
@Component(property = "service.ranking:Integer=100")
public final class MyDevice implements DeviceModel {

    private static final int VENDOR = 0x1234;
    private static final int DEVICE = 0x0001;

    @Override
    public String name() {
        return "my-device";
    }

    @Override
    public boolean accepts(FunctionConfig function) {
        return function.headerType() == 0 && function.u16(0) == VENDOR
                && function.u16(2) == DEVICE;
    }

    @Override
    public Device device(DeviceContext context) {
        return new CopyEngine(context);
    }

    @Override
    public DeviceDriver driver(DriverPort port) {
        return new CopyDriver(port);
    }
}
