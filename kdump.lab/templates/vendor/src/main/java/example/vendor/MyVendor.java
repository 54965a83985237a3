// SPDX-License-Identifier: Apache-2.0
package example.vendor;

import iommu.api.memory.PhysicalMemory;
import iommu.api.profile.KernelProfile;
import iommu.api.profile.UnitProfile;
import iommu.api.unit.IommuVendor;
import iommu.api.unit.KernelPort;
import iommu.api.unit.RemappingUnit;
import iommu.api.unit.UnitDriver;
import java.util.Set;
import org.osgi.service.component.annotations.Component;

/** Makes toy units, and the kernels' code for them. Stateless. */
@Component
public final class MyVendor implements IommuVendor {

    /** The name that machine files use. */
    static final String NAME = "my-vendor";

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public RemappingUnit unit(UnitProfile profile, PhysicalMemory memory) {
        return new ToyUnit(profile, memory);
    }

    @Override
    public UnitDriver driver(KernelProfile kernel, KernelPort port) {
        return new ToyDriver(port);
    }

    @Override
    public Set<String> unitSettings() {
        return Set.of(ToyUnit.TLB_ENTRIES);
    }
}
