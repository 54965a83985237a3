// SPDX-License-Identifier: Apache-2.0
package iommu.legacy.calgary.vendor;

import iommu.api.memory.PhysicalMemory;
import iommu.api.profile.KernelOption;
import iommu.api.profile.KernelProfile;
import iommu.api.profile.UnitProfile;
import iommu.api.unit.IommuVendor;
import iommu.api.unit.KernelPort;
import iommu.api.unit.RemappingUnit;
import iommu.api.unit.UnitDriver;
import iommu.legacy.calgary.linux.CalgaryKernel;
import iommu.legacy.calgary.linux.LinuxCalgaryDriver;
import iommu.legacy.calgary.unit.CalgaryUnit;
import iommu.legacy.calgary.unit.UnitSettings;
import java.util.List;
import java.util.Set;
import org.osgi.service.component.annotations.Component;

/** Makes Calgary chips and the Linux code for them. Stateless. */
@Component
public final class CalgaryVendor implements IommuVendor {

    /** The name that machine descriptions use. */
    public static final String NAME = "calgary";

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public RemappingUnit unit(UnitProfile profile, PhysicalMemory memory) {
        return new CalgaryUnit(profile, memory);
    }

    @Override
    public UnitDriver driver(KernelProfile kernel, KernelPort port) {
        return new LinuxCalgaryDriver(kernel, port);
    }

    @Override
    public Set<String> kernelSettings() {
        return CalgaryKernel.settings();
    }

    @Override
    public List<KernelOption> kernelOptions(String commandLine) {
        return CalgaryKernel.options(commandLine);
    }

    @Override
    public Set<String> unitSettings() {
        return UnitSettings.KNOWN;
    }
}
