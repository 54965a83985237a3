// SPDX-License-Identifier: Apache-2.0
package iommu.api.unit;

import iommu.api.profile.KernelOption;
import iommu.api.profile.KernelProfile;
import java.util.List;
import java.util.Set;
import org.osgi.annotation.versioning.ConsumerType;

/**
 * A way to map that a kernel may have where none of its units translates. A service; of several
 * the best ranked one that a kernel uses counts. Thread-safe and stateless.
 *
 * <p>Source: Linux, pci_iommu_alloc.
 */
@ConsumerType
public interface DmaOpsFactory {

    /** Returns its name, which the names of its settings begin with. */
    String name();

    /**
     * Makes it for a kernel that boots, before anything is mapped.
     *
     * @param port without a unit: registers cannot be accessed
     * @return null if the kernel does not use it
     * @throws KernelPanicException if the kernel does not survive it
     * @throws IllegalArgumentException if the kernel has a setting of this factory's that is
     *     unknown or out of range
     */
    DmaOps dmaOps(KernelProfile kernel, KernelPort port);

    /** Returns the names of the kernel settings that it knows; an empty set if there are none. */
    default Set<String> kernelSettings() {
        return Set.of();
    }

    /** Returns what words of a command line set of them, as {@link IommuVendor#kernelOptions}. */
    default List<KernelOption> kernelOptions(String commandLine) {
        return List.of();
    }
}
