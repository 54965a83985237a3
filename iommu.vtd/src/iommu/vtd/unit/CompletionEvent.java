// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.unit;

import iommu.api.bits.RegisterFile;
import iommu.vtd.VtdRegisters;

/**
 * The event that a wait descriptor raises: its status, and whether an interrupt is pending under
 * the mask. The interrupt itself goes nowhere. Source: VT-d, "Invalidation Completion Event".
 */
final class CompletionEvent {

    private final RegisterFile registers;

    CompletionEvent(RegisterFile registers) {
        this.registers = registers;
        registers.onWrite(VtdRegisters.ICS, (written, mask) -> {
            if (!VtdRegisters.IWC.isSet(registers.get(VtdRegisters.ICS))) {
                registers.set(VtdRegisters.IECTL, VtdRegisters.IP, 0);
            }
        });
        registers.onWrite(VtdRegisters.IECTL, (written, mask) -> {
            if (!VtdRegisters.IM.isSet(registers.get(VtdRegisters.IECTL))) {
                registers.set(VtdRegisters.IECTL, VtdRegisters.IP, 0);
            }
        });
    }

    /** A completion that is not yet taken note of keeps a further one from being announced. */
    void raise() {
        if (VtdRegisters.IWC.isSet(registers.get(VtdRegisters.ICS))) {
            return;
        }
        registers.set(VtdRegisters.ICS, VtdRegisters.IWC, 1);
        if (VtdRegisters.IM.isSet(registers.get(VtdRegisters.IECTL))) {
            registers.set(VtdRegisters.IECTL, VtdRegisters.IP, 1);
        }
    }
}
