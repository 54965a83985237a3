// SPDX-License-Identifier: Apache-2.0
package iommu.amdvi.unit.qemu;

import iommu.amdvi.AmdViRegisters;
import iommu.amdvi.Control;
import iommu.amdvi.Event;
import iommu.amdvi.EventCode;
import iommu.amdvi.Status;
import iommu.api.bits.BitField;
import iommu.api.bits.Register;
import iommu.api.bits.RegisterFile;
import iommu.api.memory.PhysicalMemory;

/**
 * The event log of QEMU 11. Its address never gets into an event, which says 0. Head, tail and base
 * are what was written last; a write of the base empties the log, unless EventLogInt is pending:
 * then the register holds what was written, and the log stays where it was. Without EventIntEn
 * neither EventLogInt nor EventOverflow are ever set, and an event that finds the log full is lost
 * without a word. An event that memory does not take moves the tail all the same.
 *
 * <p>A log that never got a base ends QEMU by a division by zero; here it takes nothing.
 *
 * <p>Source: QEMU 11.1.3, observed; hw/i386/amd_iommu.c, {@code amdvi_log_event}.
 */
public final class QemuEventLog {

    /** Flags of a page fault: I is always set, and the access is where GN and NX would be. */
    private static final int PAGE_FAULT = Event.INTERRUPT;
    private static final int PAGE_FAULT_READ = 1;
    private static final int PAGE_FAULT_WRITE = 2;

    private final RegisterFile registers;
    private final PhysicalMemory memory;
    private final Runnable interrupt;
    private long base;
    private long size;
    private long head;
    private long tail;
    private boolean wrote;

    /** @param interrupt sends the unit's interrupt */
    public QemuEventLog(RegisterFile registers, PhysicalMemory memory, Runnable interrupt) {
        this.registers = registers;
        this.memory = memory;
        this.interrupt = interrupt;
        if (registers.get(AmdViRegisters.EVENT_LOG) != 0) {
            based();
        }
        head = offset(AmdViRegisters.EVENT_HEAD);
        tail = offset(AmdViRegisters.EVENT_TAIL);
        registers.onWrite(AmdViRegisters.EVENT_LOG, (written, mask) -> {
            if (!Status.EVENT_LOG_INT.isSet(registers.get(AmdViRegisters.STATUS))) {
                based();
                head = 0;
                tail = 0;
                registers.set(AmdViRegisters.EVENT_HEAD, 0);
                registers.set(AmdViRegisters.EVENT_TAIL, 0);
            }
        });
        registers.onWrite(AmdViRegisters.EVENT_HEAD,
                (written, mask) -> head = offset(AmdViRegisters.EVENT_HEAD));
        registers.onWrite(AmdViRegisters.EVENT_TAIL,
                (written, mask) -> tail = offset(AmdViRegisters.EVENT_TAIL));
    }

    private long offset(Register register) {
        return AmdViRegisters.OFFSET.inPlace(registers.get(register));
    }

    private void based() {
        long value = registers.get(AmdViRegisters.EVENT_LOG);
        base = AmdViRegisters.BASE.inPlace(value);
        size = AmdViRegisters.bufferBytes(value);
    }

    /** Returns whether anything was logged since this was last asked. */
    public boolean wrote() {
        boolean did = wrote;
        wrote = false;
        return did;
    }

    /** Logs that a request of a device met no page with the right it needs. */
    void pageFault(int device, boolean isWrite) {
        log(EventCode.IO_PAGE_FAULT, device,
                PAGE_FAULT | (isWrite ? PAGE_FAULT_WRITE : PAGE_FAULT_READ));
    }

    /**
     * Logs an event.
     *
     * @param device its id; 0 where no device is concerned
     * @param flags as {@link Event} numbers them
     */
    void log(EventCode code, int device, int flags) {
        long status = registers.get(AmdViRegisters.STATUS);
        if (!Status.EVENT_LOG_RUN.isSet(status) || Status.EVENT_OVERFLOW.isSet(status)
                || size == 0) {
            return;
        }
        boolean interrupts = Control.EVENT_INT_EN.isSet(registers.get(AmdViRegisters.CONTROL));
        long next = (tail + Event.BYTES) % size;
        if (next == head) {
            raise(interrupts, Status.EVENT_OVERFLOW);
            return;
        }
        if (memory.contains(base + tail, Event.BYTES)) {
            memory.write64(base + tail, Event.low(code, device, 0, flags));
            memory.write64(base + tail + 8, 0);
            wrote = true;
        }
        tail = next;
        registers.set(AmdViRegisters.EVENT_TAIL, tail);
        raise(interrupts, Status.EVENT_LOG_INT);
    }

    private void raise(boolean interrupts, BitField status) {
        if (interrupts) {
            registers.set(AmdViRegisters.STATUS, status, 1);
            interrupt.run();
        }
    }
}
