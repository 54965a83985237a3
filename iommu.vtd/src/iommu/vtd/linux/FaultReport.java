// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.linux;

import iommu.api.pcie.RequesterId;
import iommu.api.unit.KernelPort;
import iommu.vtd.FaultReason;
import iommu.vtd.FaultRecording;
import iommu.vtd.VtdRegisters;

/**
 * Reads, prints and clears the fault records, as the kernel's fault interrupt does. Source: Linux
 * 6.1, intel/dmar.c, dmar_fault and dmar_fault_do_one.
 */
final class FaultReport {

    private static final int FIRST_INTERRUPT_REASON = 0x20;
    private static final int LAST_INTERRUPT_REASON = 0x26;

    private final KernelPort port;
    private final UnitRegisters registers;
    private final RateLimit limit;

    FaultReport(KernelPort port, UnitRegisters registers) {
        this.port = port;
        this.registers = registers;
        limit = new RateLimit(port, "dmar_fault");
    }

    /** Handles what is pending now. */
    void handle() {
        long status = registers.read(VtdRegisters.FSTS);
        if (status != 0 && limit.allows()) {
            port.print("DMAR: DRHD: handling fault status reg " + Long.toHexString(status));
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

    /** Returns whether the record was pending. */
    private boolean one(int index) {
        int at = VtdRegisters.faultRecordLow(registers.cap(), index).offset();
        boolean allowed = limit.allows();
        long top = port.readRegister(at + 12, 4) << 32;
        if (!FaultRecording.F.isSet(top)) {
            return false;
        }
        if (allowed) {
            long high = top | port.readRegister(at + 8, 4);
            long page = FaultRecording.FI.inPlace(port.readRegister(at, 8));
            port.writeRegister(at + 12, 4, FaultRecording.F.mask() >>> 32);
            print(high, page);
        } else {
            port.writeRegister(at + 12, 4, FaultRecording.F.mask() >>> 32);
        }
        return true;
    }

    private void print(long high, long page) {
        int reason = (int) FaultRecording.FR.of(high);
        String device = RequesterId.formatShort((int) FaultRecording.SID.of(high));
        String tail = String.format(" [fault reason 0x%02x] %s", reason,
                FaultReason.text(reason));
        if (reason >= FIRST_INTERRUPT_REASON && reason <= LAST_INTERRUPT_REASON) {
            port.print(String.format("DMAR: [INTR-REMAP] Request device [%s] fault index 0x%x%s",
                    device, page >>> 48, tail));
            return;
        }
        String pasid = FaultRecording.PP.isSet(high)
                ? "PASID 0x" + Long.toHexString(FaultRecording.PV.of(high)) : "NO_PASID";
        port.print(String.format("DMAR: [%s %s] Request device [%s] fault addr 0x%x%s",
                FaultRecording.T.isSet(high) ? "DMA Read" : "DMA Write", pasid, device, page,
                tail));
    }
}
