// SPDX-License-Identifier: Apache-2.0
package devices.pcie.raid;

import iommu.api.pcie.Device;
import iommu.api.pcie.DeviceContext;
import iommu.api.pcie.DeviceDriver;
import iommu.api.pcie.DeviceModel;
import iommu.api.pcie.DriverPort;
import iommu.api.pcie.FunctionConfig;
import java.util.Set;
import org.osgi.service.component.annotations.Component;

/**
 * Puts a controller behind every RAID controller of Hewlett-Packard's: class 0104h, vendor 103Ch.
 *
 * <p>Options: see {@link ControllerOptions}.
 */
@Component(property = "service.ranking:Integer=10")
public final class SmartArray implements DeviceModel {

    private static final int RAID = 0x0104;
    private static final int HEWLETT_PACKARD = 0x103c;

    @Override
    public String name() {
        return "smart-array";
    }

    @Override
    public boolean accepts(FunctionConfig function) {
        return function.headerType() == 0 && function.classCode() >>> 8 == RAID
                && function.u16(0) == HEWLETT_PACKARD;
    }

    @Override
    public Set<String> options() {
        return ControllerOptions.NAMES;
    }

    @Override
    public Device device(DeviceContext context) {
        return new Controller(context, ControllerOptions.of(context));
    }

    @Override
    public DeviceDriver driver(DriverPort port) {
        return new HpsaDriver(port);
    }
}
