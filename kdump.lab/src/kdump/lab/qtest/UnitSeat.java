// SPDX-License-Identifier: Apache-2.0
package kdump.lab.qtest;

import iommu.api.pcie.FunctionConfig;
import iommu.api.profile.UnitProfile;
import java.util.List;

/**
 * A remapping unit as a {@code -device} of QEMU brings it: what it is, how much of the address
 * space its registers take from the profile's base on, and the PCI functions that it shows.
 */
record UnitSeat(UnitProfile profile, int registerBytes, List<FunctionConfig> functions) {

    /** Returns whether a register lies at a physical address. */
    boolean contains(long address) {
        return address >= profile.registerBase()
                && address < profile.registerBase() + registerBytes;
    }

    /** Returns the offset of a register. */
    int offset(long address) {
        return (int) (address - profile.registerBase());
    }
}
