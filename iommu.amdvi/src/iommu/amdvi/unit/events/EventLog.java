// SPDX-License-Identifier: Apache-2.0
package iommu.amdvi.unit.events;

import iommu.amdvi.AmdViRegisters;
import iommu.amdvi.Control;
import iommu.amdvi.Event;
import iommu.amdvi.EventCode;
import iommu.amdvi.Status;
import iommu.api.bits.BitField;
import iommu.api.bits.RegisterFile;
import iommu.api.memory.PhysicalMemory;

/**
 * The event log: a ring in memory that the unit writes at its tail and software reads at its head.
 * When the next event would fill it, the event is lost, EventOverflow is set and logging stops
 * until software switches it off and on again. Head and tail count modulo the length of the log.
 *
 * <p>An event that memory does not take, for want of memory there, is lost in the same way. The
 * interrupt is sent when a status bit goes from 0 to 1. Source: 48882, "Event Logging".
 */
public final class EventLog {

    private final RegisterFile registers;
    private final PhysicalMemory memory;
    private final boolean writes;
    private final Runnable interrupt;

    /** @param writes false for a log that runs, and never writes an event, as that of QEMU 7.2 */
    public EventLog(RegisterFile registers, PhysicalMemory memory, boolean writes,
            Runnable interrupt) {
        this.registers = registers;
        this.memory = memory;
        this.writes = writes;
        this.interrupt = interrupt;
    }

    private boolean runs() {
        return Status.EVENT_LOG_RUN.isSet(registers.get(AmdViRegisters.STATUS));
    }

    /** Begins or ends logging, as EventLogEn and IommuEn have it. */
    public void run(boolean on) {
        registers.set(AmdViRegisters.STATUS, Status.EVENT_LOG_RUN, on ? 1 : 0);
    }

    /**
     * Logs an event.
     *
     * @param low as {@link Event#low} makes it
     * @param high the address
     * @return whether it was written
     */
    boolean log(long low, long high) {
        if (!writes || !runs()) {
            return false;
        }
        long base = registers.get(AmdViRegisters.EVENT_LOG);
        long size = AmdViRegisters.bufferBytes(base);
        long tail = registers.get(AmdViRegisters.EVENT_TAIL) % size;
        long next = (tail + Event.BYTES) % size;
        long at = AmdViRegisters.BASE.inPlace(base) + tail;
        if (next == registers.get(AmdViRegisters.EVENT_HEAD) % size
                || !memory.contains(at, Event.BYTES)) {
            run(false);
            raise(Status.EVENT_OVERFLOW, Control.EVENT_INT_EN);
            return false;
        }
        memory.write64(at + 8, high);
        memory.write64(at, low);
        registers.set(AmdViRegisters.EVENT_TAIL, next);
        raise(Status.EVENT_LOG_INT, Control.EVENT_INT_EN);
        return true;
    }

    /** Logs an event about the command at an address. */
    public void command(EventCode code, int flags, long address) {
        log(Event.low(code, 0, 0, flags), address);
    }

    /** Sets a status bit; if it was 0 and {@code enable} is set, sends the interrupt. */
    public void raise(BitField bit, BitField enable) {
        boolean before = bit.isSet(registers.get(AmdViRegisters.STATUS));
        registers.set(AmdViRegisters.STATUS, bit, 1);
        if (!before && enable.isSet(registers.get(AmdViRegisters.CONTROL))) {
            interrupt.run();
        }
    }
}
