// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.unit.faults;

import iommu.api.bits.RegisterFile;
import iommu.api.memory.PhysicalMemory;
import iommu.vtd.FaultRecording;
import iommu.vtd.GlobalCommand;
import iommu.vtd.VtdRegisters;
import iommu.vtd.unit.registers.UnitCapabilities;

/**
 * The fault log in memory that advanced fault logging writes instead of the fault-recording
 * registers: records of their form, one after the other from the beginning that Set Fault Log gave.
 *
 * <p>Until that command was given there is no log, and faults are lost. A log that is captured goes
 * on at its first record without F. A record that falls outside memory is lost. Settings: {@code
 * advancedLogWraps}. Source: VT-d, "Advanced Fault Logging", "Advanced Fault Log Register".
 */
public final class AdvancedFaultLog {

    /** What became of a fault. */
    enum Outcome {
        /** It was written to the log's first record. */
        FIRST,
        /** It was written to another record. */
        FURTHER,
        /** The log is full. */
        FULL,
        /** There is no log, or no memory in its place. */
        LOST
    }

    private final RegisterFile registers;
    private final PhysicalMemory memory;
    private final boolean wraps;
    private boolean active;
    private long base;
    private int records;
    private int next;

    public AdvancedFaultLog(RegisterFile registers, PhysicalMemory memory, UnitCapabilities unit) {
        this.registers = registers;
        this.memory = memory;
        wraps = unit.settings().advancedLogWraps();
        long status = registers.get(VtdRegisters.GSTS);
        active = GlobalCommand.EAFL.isSet(status);
        if (GlobalCommand.SFL.isSet(status)) {
            set();
            while (next < records && isPending()) {
                next++;
            }
        }
    }

    /** Does what Set Fault Log does: takes what AFLOG holds, and begins at its first record. */
    public void set() {
        long aflog = registers.get(VtdRegisters.AFLOG);
        base = VtdRegisters.FLA.inPlace(aflog);
        records = (PhysicalMemory.PAGE_BYTES << VtdRegisters.FLS.of(aflog)) / FaultRecording.BYTES;
        next = 0;
    }

    /** Does what Enable Advanced Fault Logging does. */
    public void active(boolean on) {
        active = on;
    }

    /** Returns whether faults go here. */
    public boolean active() {
        return active;
    }

    /** Writes a record, its F bit last. */
    Outcome write(long low, long high) {
        if (records == 0) {
            return Outcome.LOST;
        }
        // 1. Behind the last record the log is full; or, wrapping, where a record is pending.
        if (next == records && wraps) {
            next = 0;
        }
        if (next == records || wraps && isPending()) {
            return Outcome.FULL;
        }
        // 2. The record has the form of a fault-recording register.
        int index = next++;
        long at = base + (long) index * FaultRecording.BYTES;
        if (!memory.contains(at, FaultRecording.BYTES)) {
            return Outcome.LOST;
        }
        memory.write64(at, low);
        memory.write64(at + 8, high);
        return index == 0 ? Outcome.FIRST : Outcome.FURTHER;
    }

    private boolean isPending() {
        long at = base + (long) next * FaultRecording.BYTES;
        return memory.contains(at, FaultRecording.BYTES)
                && FaultRecording.F.isSet(memory.read64(at + 8));
    }
}
