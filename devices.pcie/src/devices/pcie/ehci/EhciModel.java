// SPDX-License-Identifier: Apache-2.0
package devices.pcie.ehci;

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
 * 0C0320h, and its driver. docs/devices.md lists the options.
 *
 * <p>Source of the class code: EHCI 1.0, "Class Code Register".
 */
@Component(property = "service.ranking:Integer=10")
public final class EhciModel implements DeviceModel {

    private static final int EHCI = 0x0c0320;

    @Override
    public String name() {
        return "ehci";
    }

    @Override
    public boolean accepts(FunctionConfig function) {
        return function.headerType() == 0 && function.classCode() == EHCI;
    }

    @Override
    public Set<String> options() {
        return EhciOptions.NAMES;
    }

    @Override
    public String activity(FunctionConfig function) {
        return "round its schedules until it is halted";
    }

    @Override
    public Device device(DeviceContext context) {
        return new HostController(context, EhciOptions.of(context));
    }

    @Override
    public DeviceDriver driver(DriverPort port) {
        return new EhciDriver(port);
    }
}
