// SPDX-License-Identifier: Apache-2.0
package iommu.api.machine;

import iommu.api.pcie.Capabilities.ConfigReader;
import iommu.api.pcie.Capabilities;

/**
 * The virtual functions of a physical one, as its SR-IOV capability says. Each has a config space
 * of its own, in which vendor and device read FFFFh: scanning the bus does not find it. It is there
 * while its physical function has VF Enable set, and no longer.
 *
 * <p>Source: PCI Express Base Specification, "Single Root I/O Virtualization and Sharing", "VF
 * Discovery", "SR-IOV Control".
 *
 * @param capability offset of the capability in config space
 * @param count how many there are at most, TotalVFs
 * @param firstOffset from the routing id of the physical function to that of the first
 * @param stride from the routing id of one to that of the next
 */
public record VirtualFunctions(int capability, int count, int firstOffset, int stride) {

    /** SR-IOV Control, from the capability. */
    public static final int CONTROL = 0x08;
    /** Bit of SR-IOV Control: VF Enable. */
    public static final int ENABLE = 0x0001;
    /** Bit of SR-IOV Control: VF Memory Space Enable. */
    public static final int MEMORY_SPACE = 0x0008;
    /** NumVFs, from the capability. */
    public static final int NUMBER = 0x10;
    /** Size of the capability. */
    public static final int BYTES = 0x40;

    private static final int TOTAL = 0x0e;
    private static final int FIRST_OFFSET = 0x14;
    private static final int STRIDE = 0x16;

    /** Returns those of a function; null if it has none. */
    public static VirtualFunctions of(ConfigReader config) {
        int at = Capabilities.findExtended(config, Capabilities.SINGLE_ROOT);
        int count = at <= 0 ? 0 : config.read(at + TOTAL, 2);
        return count <= 0 ? null : new VirtualFunctions(at, count,
                config.read(at + FIRST_OFFSET, 2), config.read(at + STRIDE, 2));
    }

    /**
     * Returns the requester id of one, which may lie on a bus behind that of the physical function.
     *
     * @param physical requester id of the physical function
     * @param index from 0 to {@code count} less 1
     */
    public int requester(int physical, int index) {
        return physical & ~0xffff | physical + firstOffset + index * stride & 0xffff;
    }

    /** Returns whether VF Enable is set. */
    public boolean enabled(ConfigReader config) {
        return (config.read(capability + CONTROL, 2) & ENABLE) != 0;
    }
}
