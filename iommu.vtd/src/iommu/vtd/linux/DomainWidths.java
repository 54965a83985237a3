// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.linux;

import iommu.api.profile.KernelProfile;
import iommu.api.unit.IovaOrder;
import iommu.vtd.Capability;
import iommu.vtd.ExtendedCapability;
import iommu.vtd.linux.settings.KernelQuirks;

/**
 * How wide the addresses of new domains are, by what kernel and unit can.
 *
 * @param kernel that makes them
 * @param quirks of its version
 * @param registers of the unit
 */
record DomainWidths(KernelProfile kernel, KernelQuirks quirks, UnitRegisters registers) {

    /**
     * Returns the order of addresses, as wide as the unit's tables.
     *
     * <p>Source: Linux, intel/iommu.c, geometry of a domain: first-stage addresses keep their top
     * bit 0, as they are canonical.
     */
    IovaOrder iovaOrder(boolean scalable) {
        boolean forced = kernel.setting(KernelProfile.FORCE_DAC, 0) != 0;
        int bits = usesFirstStage(scalable) ? 9 * firstStageLevels() + 11
                : Math.min(9 * levels() + 12, Capability.maximumGuestAddressWidth(registers.cap()));
        return new IovaOrder(forced ? IovaOrder.Kind.WHOLE_RANGE : IovaOrder.Kind.LOW_FIRST,
                Math.max(Integer.SIZE, bits), kernel.version().atLeast(5, 11)
                        ? IovaOrder.Spared.WINDOWS : IovaOrder.Spared.FUNCTIONS);
    }

    /** Returns whether new domains have first-stage tables. */
    boolean usesFirstStage(boolean scalable) {
        return scalable && quirks.usesFirstStage()
                && ExtendedCapability.FLTS.isSet(registers.ecap());
    }

    /** Returns the levels of first-stage tables. */
    int firstStageLevels() {
        return kernel.domainWidthBits() > 48 && Capability.FL5LP.isSet(registers.cap()) ? 5 : 4;
    }

    /** Returns the levels of second-stage tables: as many as the unit has, up to the kernel's. */
    int levels() {
        int levels = (kernel.domainWidthBits() - 12) / 9;
        while (levels > 3 && !Capability.supportsLevels(registers.cap(), levels)) {
            levels--;
        }
        return levels;
    }
}
