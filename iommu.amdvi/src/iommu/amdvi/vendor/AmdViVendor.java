// SPDX-License-Identifier: Apache-2.0
package iommu.amdvi.vendor;

import iommu.amdvi.linux.LinuxAmdViDriver;
import iommu.amdvi.unit.AmdViUnit;
import iommu.amdvi.unit.settings.HardwareProfiles;
import iommu.api.memory.PhysicalMemory;
import iommu.api.profile.HardwareProfile;
import iommu.api.profile.KernelOption;
import iommu.api.profile.KernelProfile;
import iommu.api.profile.UnitProfile;
import iommu.api.unit.IommuVendor;
import iommu.api.unit.KernelPort;
import iommu.api.unit.RemappingUnit;
import iommu.api.unit.UnitDriver;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.osgi.service.component.annotations.Component;

/** Makes AMD-Vi units and the Linux code for them. Stateless. */
@Component
public final class AmdViVendor implements IommuVendor {

    /** The name that machine descriptions use. */
    public static final String NAME = "amdvi";

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public RemappingUnit unit(UnitProfile profile, PhysicalMemory memory) {
        return new AmdViUnit(profile, memory);
    }

    @Override
    public UnitDriver driver(KernelProfile kernel, KernelPort port) {
        return new LinuxAmdViDriver(kernel, port);
    }

    @Override
    public Set<String> kernelSettings() {
        return LinuxAmdViDriver.settings();
    }

    @Override
    public List<KernelOption> kernelOptions(String commandLine) {
        return LinuxAmdViDriver.options(commandLine);
    }

    /** The device table entry names the interrupt table. */
    @Override
    public boolean interruptsShareTables() {
        return true;
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
