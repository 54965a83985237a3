// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.linux;

import iommu.api.trace.ConsoleLine;
import iommu.api.unit.KernelPort;
import iommu.vtd.FaultRecording;
import iommu.vtd.VtdRegisters;
import iommu.vtd.linux.settings.FaultLines;
import java.util.List;

/**
 * Reads, prints and clears the fault records, as the kernel's fault interrupt does. Source: Linux,
 * intel/dmar.c, dmar_fault.
 */
final class FaultReport {

    private final KernelPort port;
    private final UnitRegisters registers;
    private final FaultLines lines;
    private final RateLimit limit;

    FaultReport(KernelPort port, UnitRegisters registers, FaultLines lines) {
        this.port = port;
        this.registers = registers;
        this.lines = lines;
        limit = new RateLimit(port, "dmar_fault");
    }

    /** Handles what is pending now. */
    void handle() {
        long status = registers.read(VtdRegisters.FSTS);
        if (status != 0 && allowed()) {
            port.print(ConsoleLine.FAULT_STATUS, -1, lines.status(status));
        }
        if (!VtdRegisters.PPF.isSet(status)) {
            return;
        }
        int records = VtdRegisters.faultRecords(registers.cap());
        int index = (int) VtdRegisters.FRI.of(status) % records;
        // At most one turn of the registers more than there are: a device may fault all the while.
        for (int seen = 0; seen <= records && one(index); seen++) {
            index = (index + 1) % records;
        }
        registers.write(VtdRegisters.FSTS, VtdRegisters.PFO.mask() | VtdRegisters.PPF.mask()
                | VtdRegisters.PRO.mask());
    }

    private boolean allowed() {
        return !lines.limited() || limit.allows();
    }

    /** Returns whether the record was pending. */
    private boolean one(int index) {
        int at = VtdRegisters.faultRecordLow(registers.cap(), index).offset();
        boolean allowed = allowed();
        long top = port.readRegister(at + 12, 4) << 32;
        if (!FaultRecording.F.isSet(top)) {
            return false;
        }
        if (allowed) {
            long high = top | port.readRegister(at + 8, 4);
            long page = FaultRecording.FI.inPlace(port.readRegister(at, 8));
            port.writeRegister(at + 12, 4, FaultRecording.F.mask() >>> 32);
            print((int) FaultRecording.SID.of(high), lines.fault(high, page));
        } else {
            port.writeRegister(at + 12, 4, FaultRecording.F.mask() >>> 32);
        }
        return true;
    }

    /** The first line tells the fault; kernels of old tell its reason in one more. */
    private void print(int source, List<String> told) {
        ConsoleLine kind = ConsoleLine.FAULT;
        for (String line : told) {
            port.print(kind, source, line);
            kind = ConsoleLine.FAULT_STATUS;
        }
    }
}
