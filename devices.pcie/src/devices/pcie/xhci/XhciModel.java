// SPDX-License-Identifier: Apache-2.0
package devices.pcie.xhci;

import iommu.api.pcie.Device;
import iommu.api.pcie.DeviceContext;
import iommu.api.pcie.DeviceDriver;
import iommu.api.pcie.DeviceModel;
import iommu.api.pcie.DriverPort;
import iommu.api.pcie.FunctionConfig;
import java.util.Set;
import org.osgi.service.component.annotations.Component;

/**
 * Puts a USB host controller with a disk and a keyboard at port 1 behind every function of class
 * 0C0330h, and its driver. docs/devices.md lists the options.
 *
 * <p>Source of the class code: xHCI 1.1, "Class Code Register".
 */
@Component(property = "service.ranking:Integer=10")
public final class XhciModel implements DeviceModel {

    private static final int XHCI = 0x0c0330;

    @Override
    public String name() {
        return "xhci";
    }

    @Override
    public boolean accepts(FunctionConfig function) {
        return function.headerType() == 0 && function.classCode() == XHCI;
    }

    @Override
    public Set<String> options() {
        return XhciOptions.NAMES;
    }

    @Override
    public Device device(DeviceContext context) {
        return new HostController(context, XhciOptions.of(context));
    }

    @Override
    public DeviceDriver driver(DriverPort port) {
        return new XhciDriver(port);
    }
}
