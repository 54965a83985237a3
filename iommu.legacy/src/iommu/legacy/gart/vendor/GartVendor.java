// SPDX-License-Identifier: Apache-2.0
package iommu.legacy.gart.vendor;

import iommu.api.memory.PhysicalMemory;
import iommu.api.profile.KernelOption;
import iommu.api.profile.KernelProfile;
import iommu.api.profile.UnitProfile;
import iommu.api.unit.IommuVendor;
import iommu.api.unit.KernelPort;
import iommu.api.unit.RemappingUnit;
import iommu.api.unit.UnitDriver;
import iommu.legacy.gart.linux.GartKernel;
import iommu.legacy.gart.linux.LinuxGartDriver;
import iommu.legacy.gart.unit.GartUnit;
import java.util.List;
import java.util.Set;
import org.osgi.service.component.annotations.Component;

/** Makes GARTs and the Linux code for them. Stateless. */
@Component
public final class GartVendor implements IommuVendor {

    /** The name that machine descriptions use. */
    public static final String NAME = "gart";

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public RemappingUnit unit(UnitProfile profile, PhysicalMemory memory) {
        return new GartUnit(profile, memory);
    }

    @Override
    public UnitDriver driver(KernelProfile kernel, KernelPort port) {
        return new LinuxGartDriver(kernel, port);
    }

    @Override
    public Set<String> kernelSettings() {
        return GartKernel.settings();
    }

    @Override
    public List<KernelOption> kernelOptions(String commandLine) {
        return GartKernel.options(commandLine);
    }

    @Override
    public Set<String> unitSettings() {
        return GartUnit.SETTINGS;
    }
}
