// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.unit.faults;

import iommu.api.bits.Register;
import iommu.api.bits.RegisterFile;
import iommu.api.pcie.Access;
import iommu.vtd.FaultRecording;
import iommu.vtd.VtdRegisters;
import iommu.vtd.unit.registers.UnitCapabilities;
import iommu.vtd.unit.requests.Request;

/**
 * Fault recording: the fault-recording registers, or the log in memory where advanced logging is
 * active, the fault status and the fault event.
 *
 * <p>Source: VT-d, "Primary Fault Logging", "Advanced Fault Logging" and "Fault Events".
 */
public final class FaultLog {

    /** The fault came up before the request had a PASID. */
    static final int PASID_UNKNOWN = -1;
    /** The request has no PASID. */
    static final int PASID_NONE = -2;

    private static final int NO_PASID_OF_QEMU = 0xffff;

    private final RegisterFile registers;
    private final boolean collapse;
    private final boolean qemuPasid;
    private final boolean asQemu;
    private final boolean pendingAtAnyRecord;
    private final AdvancedFaultLog advanced;
    private final Runnable interrupt;
    private final Register[] low;
    private final Register[] high;
    private int next;

    /**
     * Makes one.
     *
     * @param advanced takes the faults while it is active
     * @param interrupt sends the message that FEADDR and FEDATA describe
     */
    public FaultLog(RegisterFile registers, UnitCapabilities unit, AdvancedFaultLog advanced,
            Runnable interrupt) {
        this.registers = registers;
        this.advanced = advanced;
        pendingAtAnyRecord = unit.settings().advancedPendingAtAnyRecord();
        this.interrupt = interrupt;
        collapse = unit.settings().collapseFaults();
        asQemu = unit.settings().registersAsQemu();
        qemuPasid = unit.settings().qemuRecordPasid();
        int records = VtdRegisters.faultRecords(unit.cap());
        low = new Register[records];
        high = new Register[records];
        for (int i = 0; i < records; i++) {
            low[i] = VtdRegisters.faultRecordLow(unit.cap(), i);
            high[i] = VtdRegisters.faultRecordHigh(unit.cap(), i);
            registers.onWrite(high[i], (written, mask) -> recordCleared());
        }
        registers.onWrite(VtdRegisters.FECTL, (written, mask) -> maskWritten());
        registers.set(VtdRegisters.FSTS, VtdRegisters.PPF, anyPending() ? 1 : 0);
    }

    /**
     * Records one fault of a request.
     *
     * @param ridPasid the PASID that scalable mode gave the request, or one of the constants
     * @return whether a record was written
     */
    boolean record(Request request, int reason, int ridPasid) {
        long high = high(request.source, request.access, reason, ridPasid);
        if (request.pasid != Request.NO_PASID) {
            high = FaultRecording.PV.with(FaultRecording.PP.with(high, 1), request.pasid);
            high = FaultRecording.EXE.with(high, (request.access & Access.EXECUTE) != 0 ? 1 : 0);
            high = FaultRecording.PRIV.with(high,
                    (request.access & Access.PRIVILEGED) != 0 ? 1 : 0);
        }
        if (request.type == Request.PAGE_REQUEST) {
            high = FaultRecording.T2.with(FaultRecording.T.with(high, 0), 1);
        } else {
            high = FaultRecording.AT.with(high, request.type);
        }
        return record(request.source, request.address, high);
    }

    private boolean record(int source, long information, long high) {
        return advanced.active() ? toMemory(information, high)
                : toRegisters(source, information, high);
    }

    /** Advanced logging: the fault goes to memory, and no fault-recording register is used. */
    private boolean toMemory(long information, long high) {
        long status = registers.get(VtdRegisters.FSTS);
        // 1. While the overflow is set, nothing is recorded.
        if (VtdRegisters.AFO.isSet(status)) {
            return false;
        }
        // 2. The record is written; a full log sets the overflow, an event.
        AdvancedFaultLog.Outcome outcome = advanced.write(FaultRecording.FI.inPlace(information),
                high | FaultRecording.F.mask());
        if (outcome == AdvancedFaultLog.Outcome.FULL) {
            error(VtdRegisters.AFO);
        }
        // 3. The first record of the log sets APF; going from 0 to 1 it raises the fault event.
        boolean written = outcome == AdvancedFaultLog.Outcome.FIRST
                || outcome == AdvancedFaultLog.Outcome.FURTHER;
        if (outcome == AdvancedFaultLog.Outcome.FIRST || written && pendingAtAnyRecord) {
            error(VtdRegisters.APF);
        }
        return written;
    }

    private boolean toRegisters(int source, long information, long high) {
        long status = registers.get(VtdRegisters.FSTS);
        // 1. While the overflow is set, nothing is recorded.
        if (VtdRegisters.PFO.isSet(status)) {
            return false;
        }
        // 2. Hardware may collapse further faults of a source whose record is pending.
        if (collapse && pendingOf(source)) {
            return false;
        }
        // 3. If the next record is still pending, only the overflow is noted.
        if (pending(next)) {
            registers.set(VtdRegisters.FSTS, VtdRegisters.PFO, 1);
            return false;
        }
        // 4. The record is written, its F bit last.
        registers.set(low[next], FaultRecording.FI.inPlace(information));
        registers.set(this.high[next], high | FaultRecording.F.mask());
        boolean first = !VtdRegisters.PPF.isSet(status);
        if (first) {
            registers.set(VtdRegisters.FSTS, VtdRegisters.FRI, next);
            registers.set(VtdRegisters.FSTS, VtdRegisters.PPF, 1);
        }
        next = (next + 1) % low.length;
        // 5. PPF going from 0 to 1 raises the fault event.
        if (first) {
            raise(status);
        }
        return true;
    }

    /**
     * Records a fault of an interrupt request; FI 63:48 holds the interrupt index.
     *
     * @return whether a record was written
     */
    boolean recordInterrupt(int source, int index, int reason) {
        return record(source, (long) index << 48,
                high(source, Access.WRITE, reason, PASID_UNKNOWN));
    }

    /** Sets an error bit of the fault status, such as IQE, and raises the fault event. */
    public void error(iommu.api.bits.BitField bit) {
        long status = registers.get(VtdRegisters.FSTS);
        registers.set(VtdRegisters.FSTS, bit, 1);
        if (!bit.isSet(status)) {
            raise(status);
        }
    }

    private long high(int source, int access, int reason, int ridPasid) {
        long q = FaultRecording.SID.with(0, source);
        q = FaultRecording.FR.with(q, reason & 0xff);
        q = FaultRecording.T.with(q, (access & Access.WRITE) == 0 ? 1 : 0);
        if (qemuPasid && ridPasid != PASID_UNKNOWN) {
            q = FaultRecording.PP.with(q, ridPasid >= 0 ? 1 : 0);
            q = FaultRecording.PV.with(q, ridPasid & NO_PASID_OF_QEMU | (ridPasid < 0
                    ? NO_PASID_OF_QEMU : 0));
        }
        return q;
    }

    /** A condition that was pending already keeps a further event from being raised. */
    private void raise(long statusBefore) {
        long conditions = VtdRegisters.PFO.mask() | VtdRegisters.PPF.mask()
                | VtdRegisters.AFO.mask() | VtdRegisters.APF.mask() | VtdRegisters.IQE.mask()
                | VtdRegisters.ICE.mask() | VtdRegisters.ITE.mask();
        if ((statusBefore & conditions) != 0) {
            return;
        }
        if (VtdRegisters.IM.isSet(registers.get(VtdRegisters.FECTL))) {
            registers.set(VtdRegisters.FECTL, VtdRegisters.IP, 1);
        } else {
            interrupt.run();
        }
    }

    private void maskWritten() {
        long control = registers.get(VtdRegisters.FECTL);
        if (!VtdRegisters.IM.isSet(control) && VtdRegisters.IP.isSet(control)) {
            registers.set(VtdRegisters.FECTL, VtdRegisters.IP, 0);
            interrupt.run();
        }
    }

    private void recordCleared() {
        registers.set(VtdRegisters.FSTS, VtdRegisters.PPF, anyPending() ? 1 : 0);
        if (!asQemu) {
            statusCleared();
        }
    }

    /** Brings IP up to date after software cleared a condition. */
    public void statusCleared() {
        long status = registers.get(VtdRegisters.FSTS) & ~VtdRegisters.FRI.mask();
        if (status == 0) {
            registers.set(VtdRegisters.FECTL, VtdRegisters.IP, 0);
        }
    }

    private boolean pending(int index) {
        return FaultRecording.F.isSet(registers.get(high[index]));
    }

    private boolean anyPending() {
        for (int i = 0; i < high.length; i++) {
            if (pending(i)) {
                return true;
            }
        }
        return false;
    }

    private boolean pendingOf(int source) {
        for (int i = 0; i < high.length; i++) {
            if (pending(i) && FaultRecording.SID.of(registers.get(high[i])) == source) {
                return true;
            }
        }
        return false;
    }
}
