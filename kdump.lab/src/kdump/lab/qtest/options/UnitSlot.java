// SPDX-License-Identifier: Apache-2.0
package kdump.lab.qtest.options;

import iommu.api.profile.UnitProfile;

/**
 * A remapping unit as a {@code -device} of QEMU brings it.
 *
 * @param profile what it is
 * @param registerBytes how much of the address space its registers take from the profile's base on
 * @param leastBytes width of the narrowest access that its registers take
 * @param firstBusNumbers whether it knows functions by the bus number of when they were made: 0
 */
public record UnitSlot(UnitProfile profile, int registerBytes, int leastBytes,
        boolean firstBusNumbers) {

    /** Returns whether a register lies at a physical address. */
    public boolean contains(long address) {
        return address >= profile.registerBase()
                && address < profile.registerBase() + registerBytes;
    }

    /** Returns whether its registers take accesses of a width; they answer others with 0. */
    public boolean takes(int bytes) {
        return bytes >= leastBytes;
    }

    /** Returns the id under which it knows a requester. */
    public int known(int requester) {
        return firstBusNumbers ? requester & 0xff : requester;
    }

    /** Returns the offset of a register. */
    public int offset(long address) {
        return (int) (address - profile.registerBase());
    }
}
