// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.vendor;

import iommu.api.memory.PhysicalMemory;
import iommu.api.profile.HardwareProfile;
import iommu.api.profile.KernelOption;
import iommu.api.profile.KernelProfile;
import iommu.api.profile.UnitProfile;
import iommu.api.unit.IommuVendor;
import iommu.api.unit.KernelPort;
import iommu.api.unit.RemappingUnit;
import iommu.api.unit.UnitDriver;
import iommu.vtd.linux.LinuxVtdDriver;
import iommu.vtd.unit.registers.HardwareProfiles;
import iommu.vtd.unit.VtdUnit;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.osgi.service.component.annotations.Component;

/** Makes VT-d units and the Linux code for them. Stateless. */
@Component
public final class VtdVendor implements IommuVendor {

    /** The name that machine descriptions use. */
    public static final String NAME = "vtd";

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public RemappingUnit unit(UnitProfile profile, PhysicalMemory memory) {
        return new VtdUnit(profile, memory);
    }

    @Override
    public UnitDriver driver(KernelProfile kernel, KernelPort port) {
        return new LinuxVtdDriver(kernel, port);
    }

    @Override
    public Set<String> kernelSettings() {
        return LinuxVtdDriver.settings();
    }

    @Override
    public List<KernelOption> kernelOptions(String commandLine) {
        return LinuxVtdDriver.options(commandLine);
    }

    @Override
    public Set<String> unitSettings() {
        return HardwareProfiles.settings();
    }

    @Override
    public Map<String, HardwareProfile> hardwareProfiles() {
        return HardwareProfiles.named();
    }
}
