// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.setup;

import iommu.api.machine.MachineDescription;
import iommu.api.memory.AddressRange;
import iommu.api.memory.MemoryKind;
import iommu.api.memory.PhysicalMemory;
import iommu.api.pcie.Workload;
import iommu.api.profile.KernelProfile;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import kdump.lab.engine.kernel.IovaInUse;

/**
 * A machine ready to be run: its description and everything that had to be chosen for it. Immutable
 * by convention; shared by all runs of one comparison.
 *
 * @param description as imported
 * @param reservation memory of the capture kernel
 * @param profile of the first kernel
 * @param captureProfile of the capture kernel
 * @param loads what each engine is busy with at the start, by function
 * @param usedFrames frames that tables, mappings or the reservation need: no kernel allocates them
 * @param mappedIova used I/O virtual addresses
 * @param passThrough aliases whose requests pass unchanged
 * @param captureDrivers functions that the capture kernel has a driver for; null for all
 * @param assumptions all choices, a sentence each
 * @param tracksCauses whether memory remembers who wrote what, as it should
 */
public record Scenario(MachineDescription description, AddressRange reservation,
        KernelProfile profile,
        KernelProfile captureProfile,
        Map<Integer, Workload> loads, BitSet usedFrames,
        IovaInUse mappedIova, Set<Integer> passThrough,
        Set<Integer> captureDrivers, List<String> assumptions, boolean tracksCauses) {

    /** Bytes of the capture kernel's image and initrd, whose digest purgatory checks. */
    public static final long IMAGE_BYTES = 8L << 20;

    /** Lower memory the first kernel keeps for devices that reach no further. */
    private static final long LOWEST = 16L << 20;

    /** Returns the memory that the first kernel gives out. */
    public List<AddressRange> ram() {
        return description.memoryMap().ranges(MemoryKind.SYSTEM_RAM).stream()
                .filter(r -> r.end() > LOWEST + PhysicalMemory.PAGE_BYTES)
                .map(r -> new AddressRange(Math.max(LOWEST, r.start()), r.end())).toList();
    }

    /** Returns the name of the kernel, or of both if they differ. */
    public String kernels() {
        String first = profile.name();
        String capture = captureProfile.name();
        return first.equals(capture) ? first : first + " -> " + capture;
    }
}
