// SPDX-License-Identifier: Apache-2.0
package devices.pcie.fabric;

import iommu.api.pcie.Fabric;
import iommu.api.pcie.FabricFactory;
import iommu.api.pcie.FunctionConfig;
import iommu.api.pcie.PluggedFunction;
import iommu.api.pcie.Upstream;
import java.util.List;
import org.osgi.service.component.annotations.Component;

/** Builds {@link PcieFabric}s and {@link PluggedFabric}s. */
@Component
public final class PcieFabricFactory implements FabricFactory {

    @Override
    public Fabric build(List<FunctionConfig> functions, Upstream upstream, Devices devices) {
        return new PcieFabric(functions, upstream, devices);
    }

    @Override
    public Fabric plug(List<PluggedFunction> functions, Upstream upstream, Devices devices) {
        return new PluggedFabric(functions, upstream, devices);
    }
}
