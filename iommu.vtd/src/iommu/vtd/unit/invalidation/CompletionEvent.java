// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.unit.invalidation;

import iommu.api.bits.RegisterFile;
import iommu.vtd.VtdRegisters;

/**
 * The event that a wait descriptor raises: its status, and an interrupt, sent at once or pending
 * under the mask. Source: VT-d, "Invalidation Completion Event".
 */
public final class CompletionEvent {

    private final RegisterFile registers;
    private final Runnable interrupt;

    /** @param interrupt sends the message that IEADDR and IEDATA describe */
    public CompletionEvent(RegisterFile registers, Runnable interrupt) {
        this.registers = registers;
        this.interrupt = interrupt;
        registers.onWrite(VtdRegisters.ICS, (written, mask) -> {
            if (!VtdRegisters.IWC.isSet(registers.get(VtdRegisters.ICS))) {
                registers.set(VtdRegisters.IECTL, VtdRegisters.IP, 0);
            }
        });
        registers.onWrite(VtdRegisters.IECTL, (written, mask) -> unmasked());
    }

    private void unmasked() {
        long control = registers.get(VtdRegisters.IECTL);
        if (!VtdRegisters.IM.isSet(control) && VtdRegisters.IP.isSet(control)) {
            registers.set(VtdRegisters.IECTL, VtdRegisters.IP, 0);
            interrupt.run();
        }
    }

    /** A completion that is not yet taken note of keeps a further one from being announced. */
    void raise() {
        if (VtdRegisters.IWC.isSet(registers.get(VtdRegisters.ICS))) {
            return;
        }
        registers.set(VtdRegisters.ICS, VtdRegisters.IWC, 1);
        if (VtdRegisters.IM.isSet(registers.get(VtdRegisters.IECTL))) {
            registers.set(VtdRegisters.IECTL, VtdRegisters.IP, 1);
        } else {
            interrupt.run();
        }
    }
}
