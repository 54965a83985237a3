// SPDX-License-Identifier: Apache-2.0
package devices.pcie.e1000e;

import iommu.api.pcie.Device;
import iommu.api.pcie.DeviceContext;
import iommu.api.pcie.DeviceDriver;
import iommu.api.pcie.DeviceModel;
import iommu.api.pcie.DriverPort;
import iommu.api.pcie.FunctionConfig;
import java.util.Set;
import org.osgi.service.component.annotations.Component;

/**
 * Puts a gigabit controller behind functions with the ids of an 82574L (8086:10D3) or an 82540EM
 * (8086:100E); others of the class have other registers.
 *
 * <p>Its options are those of {@link NicOptions}.
 */
@Component(property = "service.ranking:Integer=10")
public final class E1000eModel implements DeviceModel {

    @Override
    public String name() {
        return "e1000e";
    }

    @Override
    public boolean accepts(FunctionConfig function) {
        return function.headerType() == 0 && Chip.of(function) != null;
    }

    @Override
    public Set<String> options() {
        return NicOptions.NAMES;
    }

    @Override
    public String activity(FunctionConfig function) {
        return "until its receive ring is used up";
    }

    @Override
    public Device device(DeviceContext context) {
        return new Nic(context);
    }

    @Override
    public DeviceDriver driver(DriverPort port) {
        return new NicDriver(port);
    }
}
