// SPDX-License-Identifier: Apache-2.0
package devices.pcie.e1000e;

import iommu.api.bits.Register;
import iommu.api.pcie.PciFunction;

/** The registers of a controller as its driver reaches them, behind BAR 0. One thread. */
final class NicRegisters {

    private final PciFunction function;

    NicRegisters(PciFunction function) {
        this.function = function;
    }

    long read(Register register) {
        return function.readRegister(0, register.offset(), 4);
    }

    void write(Register register, long value) {
        function.writeRegister(0, register.offset(), 4, value & 0xffff_ffffL);
    }

    void write(int offset, long value) {
        function.writeRegister(0, offset, 4, value & 0xffff_ffffL);
    }
}
