// SPDX-License-Identifier: Apache-2.0
package devices.pcie.rdma;

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
 * Puts an adapter with remote direct memory access behind every InfiniBand controller (class 0207h)
 * and every Ethernet controller of a vendor whose adapters have it.
 */
@Component(property = "service.ranking:Integer=10")
public final class Rdma implements DeviceModel {

    private static final int INFINIBAND = 0x0207;
    private static final int ETHERNET = 0x0200;
    private static final int MELLANOX = 0x15b3;

    @Override
    public String name() {
        return "rdma";
    }

    @Override
    public boolean accepts(FunctionConfig function) {
        int kind = function.classCode() >>> 8;
        return function.headerType() == 0
                && (kind == INFINIBAND || kind == ETHERNET && function.u16(0) == MELLANOX);
    }

    @Override
    public Set<String> options() {
        return Set.of(DeviceContext.FRAME_NANOS, RdmaAdapter.OPERATION_NANOS,
                DeviceOptions.WEDGES_ON_ABORT, DeviceOptions.IGNORES_RESET,
                DeviceOptions.RESET_NANOS, DeviceOptions.GONE_FROM_NANOS,
                DeviceOptions.MASTER_TO_RESET_NANOS);
    }

    @Override
    public String activity(FunctionConfig function) {
        return "for ever, as its peers need no driver";
    }

    @Override
    public Device device(DeviceContext context) {
        return new RdmaAdapter(context);
    }

    @Override
    public DeviceDriver driver(DriverPort port) {
        return new RdmaDriver(port);
    }
}
