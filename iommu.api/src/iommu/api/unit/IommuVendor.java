// SPDX-License-Identifier: Apache-2.0
package iommu.api.unit;

import iommu.api.memory.PhysicalMemory;
import iommu.api.profile.HardwareProfile;
import iommu.api.profile.KernelOption;
import iommu.api.profile.KernelProfile;
import iommu.api.profile.UnitProfile;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.osgi.annotation.versioning.ConsumerType;

/** An architecture of remapping units. A singleton service with plain factories; thread-safe. */
@ConsumerType
public interface IommuVendor {

    /** Returns the name that machine descriptions and policies use, such as "vtd". */
    String name();

    /**
     * Makes a unit in the state that the profile's registers describe.
     *
     * @throws IllegalArgumentException if the profile names an unknown setting
     */
    RemappingUnit unit(UnitProfile profile, PhysicalMemory memory);

    /**
     * Makes the code of a kernel for one unit.
     *
     * @throws IllegalArgumentException if the kernel has a setting of this vendor's that is unknown
     *     or out of range
     */
    UnitDriver driver(KernelProfile kernel, KernelPort port);

    /**
     * Returns the names of the kernel settings that {@link #driver} knows, each beginning with this
     * vendor's name and a dot. An empty set if there are none.
     */
    default Set<String> kernelSettings() {
        return Set.of();
    }

    /**
     * Returns what words of a kernel's command line set of {@link #kernelSettings}, in the order in
     * which they shall be told; a word that is not there may be told by its default. An empty list
     * if no word does.
     *
     * @param commandLine as the kernel got it, not empty
     */
    default List<KernelOption> kernelOptions(String commandLine) {
        return List.of();
    }

    /**
     * Returns whether interrupt tables hang off the entries by which DMA is translated: a kernel
     * can set interrupts up only together with these then.
     */
    default boolean interruptsShareTables() {
        return false;
    }

    /**
     * Returns the names of the settings that {@link #unit} knows, without the vendor's name. An
     * empty set if there are none.
     */
    default Set<String> unitSettings() {
        return Set.of();
    }

    /**
     * Returns the hardware profiles that have a name; "spec" is the manual's unit.
     */
    default Map<String, HardwareProfile> hardwareProfiles() {
        return Map.of("spec", HardwareProfile.of(Map.of()));
    }
}
