// SPDX-License-Identifier: Apache-2.0
package iommu.amdvi.unit;

import iommu.amdvi.AmdViRegisters;
import iommu.api.bits.RegisterFile;

/**
 * The exclusion range: pages that devices reach without translation and without any check.
 *
 * <p>Source: 48882, "Exclusion Range Base Register" and "Exclusion Range Limit Register".
 */
final class ExclusionRange {

    private static final long IN_PAGE = 0xfff;

    private final RegisterFile registers;

    ExclusionRange(RegisterFile registers) {
        this.registers = registers;
    }

    /** Returns whether an address lies in the range and the range is in force. */
    boolean contains(long address) {
        long base = registers.get(AmdViRegisters.EXCLUSION_BASE);
        return AmdViRegisters.EX_EN.isSet(base)
                && Long.compareUnsigned(address, AmdViRegisters.BASE.inPlace(base)) >= 0
                && Long.compareUnsigned(address, AmdViRegisters.BASE.inPlace(
                        registers.get(AmdViRegisters.EXCLUSION_LIMIT)) | IN_PAGE) <= 0;
    }

    /** Returns whether it is for every device, not only for those whose entry says so. */
    boolean isForAll() {
        return AmdViRegisters.ALLOW.isSet(registers.get(AmdViRegisters.EXCLUSION_BASE));
    }
}
