// SPDX-License-Identifier: Apache-2.0
package iommu.api.unit;

import iommu.api.memory.PhysicalMemory;
import iommu.api.profile.KernelProfile;
import iommu.api.profile.UnitProfile;
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

    /** Makes the code of a kernel for one unit. */
    UnitDriver driver(KernelProfile kernel, KernelPort port);
}
