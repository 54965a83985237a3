// SPDX-License-Identifier: Apache-2.0
package devices.pcie.uhci;

import iommu.api.pcie.Device;
import iommu.api.pcie.DeviceContext;
import iommu.api.pcie.DeviceDriver;
import iommu.api.pcie.DeviceModel;
import iommu.api.pcie.DriverPort;
import iommu.api.pcie.FunctionConfig;
import java.util.Set;
import org.osgi.service.component.annotations.Component;

/**
 * Puts a USB host controller with a keyboard at port 1 behind every function of class 0C0300h, and
 * its driver. docs/devices.md lists the options.
 *
 * <p>Source of the class code: UHCI Design Guide 1.1, "PCI Configuration Registers".
 */
@Component(property = "service.ranking:Integer=10")
public final class UhciModel implements DeviceModel {

    private static final int UHCI = 0x0c0300;

    @Override
    public String name() {
        return "uhci";
    }

    @Override
    public boolean accepts(FunctionConfig function) {
        return function.headerType() == 0 && function.classCode() == UHCI;
    }

    @Override
    public Set<String> options() {
        return UhciOptions.NAMES;
    }

    @Override
    public String activity(FunctionConfig function) {
        return "round its schedule until it is halted";
    }

    @Override
    public Device device(DeviceContext context) {
        return new HostController(context, UhciOptions.of(context));
    }

    @Override
    public DeviceDriver driver(DriverPort port) {
        return new UhciDriver(port);
    }
}
