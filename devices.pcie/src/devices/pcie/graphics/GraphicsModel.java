// SPDX-License-Identifier: Apache-2.0
package devices.pcie.graphics;

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
 * Puts a controller behind VGA compatible functions of Intel's, which are graphics in the
 * processor's package. docs/devices.md lists the options.
 */
@Component(property = "service.ranking:Integer=10")
public final class GraphicsModel implements DeviceModel {

    private static final int VGA = 0x0300;
    private static final int INTEL = 0x8086;

    @Override
    public String name() {
        return "graphics";
    }

    @Override
    public boolean accepts(FunctionConfig function) {
        return function.headerType() == 0 && function.classCode() >>> 8 == VGA
                && function.u16(0) == INTEL;
    }

    @Override
    public Set<String> options() {
        return Set.of(GraphicsController.DISPLAY_ON, GraphicsController.SCAN_NANOS,
                DeviceContext.RESERVED_START, DeviceContext.RESERVED_BYTES,
                DeviceOptions.IGNORES_RESET, DeviceOptions.GONE_FROM_NANOS,
                DeviceOptions.MASTER_TO_RESET_NANOS);
    }

    @Override
    public String activity(FunctionConfig function) {
        return "for ever, as its display reads the screen";
    }

    @Override
    public Device device(DeviceContext context) {
        return new GraphicsController(context);
    }

    @Override
    public DeviceDriver driver(DriverPort port) {
        return new GraphicsDriver(port);
    }
}
