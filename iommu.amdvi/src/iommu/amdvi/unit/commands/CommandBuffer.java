// SPDX-License-Identifier: Apache-2.0
package iommu.amdvi.unit.commands;

import iommu.amdvi.AmdViRegisters;
import iommu.amdvi.Command;
import iommu.amdvi.Control;
import iommu.amdvi.Event;
import iommu.amdvi.EventCode;
import iommu.amdvi.ExtendedFeature;
import iommu.amdvi.Status;
import iommu.amdvi.unit.events.EventLog;
import iommu.api.bits.RegisterFile;
import iommu.api.memory.PhysicalMemory;

/**
 * The command buffer: fetches commands from head to tail while CmdBufRun is set, that is while
 * IommuEn and CmdBufEn both are and no bad command was met. At a bad one it stops, the head there,
 * until software switches CmdBufEn off and on again.
 *
 * <p>Source: 48882, "Commands" and "Command Buffer Head Pointer Register".
 */
public final class CommandBuffer implements Commands {

    private final RegisterFile registers;
    private final PhysicalMemory memory;
    private final Invalidation invalidation;
    private final EventLog events;

    public CommandBuffer(RegisterFile registers, PhysicalMemory memory, Invalidation invalidation,
            EventLog events) {
        this.registers = registers;
        this.memory = memory;
        this.invalidation = invalidation;
        this.events = events;
        registers.onWrite(AmdViRegisters.CMD_TAIL, (written, mask) -> fetch());
    }

    private boolean runs() {
        return Status.CMD_BUF_RUN.isSet(registers.get(AmdViRegisters.STATUS));
    }

    @Override
    public void run(boolean on) {
        registers.set(AmdViRegisters.STATUS, Status.CMD_BUF_RUN, on ? 1 : 0);
        fetch();
    }

    private void fetch() {
        long base = registers.get(AmdViRegisters.CMD_BUF);
        long size = AmdViRegisters.bufferBytes(base);
        while (runs()) {
            long head = registers.get(AmdViRegisters.CMD_HEAD);
            long tail = registers.get(AmdViRegisters.CMD_TAIL);
            if (head == tail) {
                return;
            }
            long at = AmdViRegisters.BASE.inPlace(base) + head;
            // An offset beyond the buffer is never met; what the unit does then is not defined.
            if (tail >= size || head >= size || !memory.contains(at, Command.BYTES)) {
                stop(EventCode.COMMAND_HARDWARE_ERROR, Event.MASTER_ABORT, at);
                return;
            }
            if (!execute(at, memory.read64(at), memory.read64(at + 8))) {
                return;
            }
            registers.set(AmdViRegisters.CMD_HEAD, (head + Command.BYTES) % size);
        }
    }

    private boolean stop(EventCode code, int flags, long at) {
        registers.set(AmdViRegisters.STATUS, Status.CMD_BUF_RUN, 0);
        events.command(code, flags, at);
        return false;
    }

    private boolean has(iommu.api.bits.BitField feature) {
        return feature.isSet(registers.get(AmdViRegisters.EXTENDED_FEATURE));
    }

    private boolean execute(long at, long q0, long q1) {
        boolean known = switch ((int) Command.OPCODE.of(q0)) {
            case Command.COMPLETION_WAIT, Command.INVALIDATE_DEVTAB_ENTRY,
                    Command.INVALIDATE_IOMMU_PAGES, Command.INVALIDATE_IOTLB_PAGES,
                    Command.INVALIDATE_INTERRUPT_TABLE -> true;
            case Command.PREFETCH_IOMMU_PAGES -> has(ExtendedFeature.PREF_SUP);
            case Command.COMPLETE_PPR_REQUEST -> has(ExtendedFeature.PPR_SUP);
            case Command.INVALIDATE_IOMMU_ALL -> has(ExtendedFeature.IA_SUP);
            default -> false;
        };
        if (!known || Command.malformed(q0, q1)) {
            return stop(EventCode.ILLEGAL_COMMAND_ERROR, 0, at);
        }
        switch ((int) Command.OPCODE.of(q0)) {
            case Command.COMPLETION_WAIT -> {
                return await(q0, q1);
            }
            case Command.INVALIDATE_DEVTAB_ENTRY ->
                invalidation.deviceTableEntry((int) Command.DEVICE_ID.of(q0));
            case Command.INVALIDATE_IOMMU_PAGES ->
                invalidation.pages((int) Command.DOMAIN_ID.of(q0), q1);
            case Command.INVALIDATE_INTERRUPT_TABLE ->
                invalidation.interruptTable((int) Command.DEVICE_ID.of(q0));
            case Command.INVALIDATE_IOMMU_ALL -> invalidation.everything("everything");
            // Devices have no IOTLB here; a prefetch is a hint; no page request is ever open.
            default -> { }
        }
        return true;
    }

    private boolean await(long q0, long q1) {
        if (Command.S.isSet(q0)) {
            long at = Command.STORE_ADDRESS.inPlace(q0);
            if (!memory.contains(at, 8)) {
                return stop(EventCode.COMMAND_HARDWARE_ERROR, Event.MASTER_ABORT, at);
            }
            memory.write64(at, q1);
        }
        if (Command.I.isSet(q0)) {
            events.raise(Status.COM_WAIT_INT, Control.COM_WAIT_INT_EN);
        }
        return true;
    }
}
