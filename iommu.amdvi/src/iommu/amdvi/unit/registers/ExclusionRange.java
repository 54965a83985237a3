// SPDX-License-Identifier: Apache-2.0
package iommu.amdvi.unit.registers;

import iommu.amdvi.AmdViRegisters;
import iommu.api.bits.RegisterFile;

/**
 * The exclusion range: pages that devices reach without translation and without any check.
 *
 * <p>Source: 48882, "Exclusion Range Base Register" and "Exclusion Range Limit Register".
 */
public final class ExclusionRange {

    private static final long IN_PAGE = 0xfff;

    private final RegisterFile registers;
    private boolean inForce;
    private boolean forAll;
    private long first;
    private long last;
    private final Runnable changed;

    /** @param changed hears that software writes the range */
    public ExclusionRange(RegisterFile registers, Runnable changed) {
        this.registers = registers;
        this.changed = changed;
        registers.onWrite(AmdViRegisters.EXCLUSION_BASE, (written, mask) -> written());
        registers.onWrite(AmdViRegisters.EXCLUSION_LIMIT, (written, mask) -> written());
        written();
    }

    private void written() {
        long base = registers.get(AmdViRegisters.EXCLUSION_BASE);
        inForce = AmdViRegisters.EX_EN.isSet(base);
        forAll = AmdViRegisters.ALLOW.isSet(base);
        first = AmdViRegisters.BASE.inPlace(base);
        last = AmdViRegisters.BASE.inPlace(registers.get(AmdViRegisters.EXCLUSION_LIMIT))
                | IN_PAGE;
        changed.run();
    }

    /** Returns whether there is a range that is in force. */
    public boolean isInForce() {
        return inForce;
    }

    /** Returns whether an address lies in the range and the range is in force. */
    public boolean contains(long address) {
        return inForce && Long.compareUnsigned(address, first) >= 0
                && Long.compareUnsigned(address, last) <= 0;
    }

    /** Returns whether it is for every device, not only for those whose entry says so. */
    public boolean isForAll() {
        return forAll;
    }
}
