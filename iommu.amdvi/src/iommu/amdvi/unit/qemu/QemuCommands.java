// SPDX-License-Identifier: Apache-2.0
package iommu.amdvi.unit.qemu;

import static iommu.api.bits.BitField.bit;
import static iommu.api.bits.BitField.bits;

import iommu.amdvi.AmdViRegisters;
import iommu.amdvi.Command;
import iommu.amdvi.Status;
import iommu.amdvi.unit.commands.Commands;
import iommu.amdvi.unit.commands.Invalidation;
import iommu.amdvi.unit.tables.EntryFormatter;
import iommu.api.bits.BitField;
import iommu.api.bits.Register;
import iommu.api.bits.RegisterFile;
import iommu.api.memory.PhysicalMemory;
import java.util.function.Consumer;

/**
 * The command buffer of QEMU 7.2: no command is an error, unknown ones are skipped, reserved bits
 * are looked at by INVALIDATE_IOTLB_PAGES alone. Invalidations of pages drop all of a domain; only
 * IOTLB invalidations know pages, and with S they drop nothing here (QEMU compares a member that it
 * never sets). Base and size count when the upper half of their register is written, which sets
 * head and tail to 0 but not the registers that show them; up to QEMU 9 the head shows the end of
 * the buffer before it wraps. A tail beyond the buffer hangs QEMU; here one round is made.
 */
public final class QemuCommands implements Commands {

    /** Bits of INVALIDATE_IOTLB_PAGES that make it do nothing. */
    private static final BitField[] IOTLB_RESERVED = {bit(1), bit(3), bits(11, 6)};
    /** The version from which on the head never shows the end, and counts modulo the size. */
    private static final int WRAPS = 10;
    private static final int MOST_BYTES = 16 << 15;

    private final RegisterFile registers;
    private final PhysicalMemory memory;
    private final QemuTlb tlb;
    private final Invalidation others;
    private final Consumer<String> told;
    private final Runnable interrupt;
    private final boolean wraps;
    private long base;
    private long size;
    private long head;
    private long tail;

    /**
     * @param version of QEMU
     * @param others what else is cached
     * @param told hears what was dropped of {@code tlb}
     */
    public QemuCommands(int version, RegisterFile registers, PhysicalMemory memory, QemuTlb tlb,
            Invalidation others, Consumer<String> told, Runnable interrupt) {
        this.registers = registers;
        wraps = version >= WRAPS;
        this.memory = memory;
        this.tlb = tlb;
        this.others = others;
        this.told = told;
        this.interrupt = interrupt;
        based();
        head = offset(AmdViRegisters.CMD_HEAD);
        tail = offset(AmdViRegisters.CMD_TAIL);
        registers.onWrite(AmdViRegisters.CMD_BUF, (written, mask) -> {
            if (QemuTranslator.counts(mask)) {
                based();
            }
        });
        registers.onWrite(AmdViRegisters.CMD_HEAD, (written, mask) -> {
            head = offset(AmdViRegisters.CMD_HEAD) % (wraps ? size : Long.MAX_VALUE);
            fetch();
        });
        registers.onWrite(AmdViRegisters.CMD_TAIL, (written, mask) -> {
            tail = offset(AmdViRegisters.CMD_TAIL);
            fetch();
        });
    }

    private long offset(Register register) {
        return AmdViRegisters.OFFSET.inPlace(registers.get(register));
    }

    private void based() {
        long value = registers.get(AmdViRegisters.CMD_BUF);
        base = AmdViRegisters.BASE.inPlace(value);
        size = AmdViRegisters.bufferBytes(value);
        head = 0;
        tail = 0;
    }

    @Override
    public void run(boolean on) {
        registers.set(AmdViRegisters.STATUS, Status.CMD_BUF_RUN, on ? 1 : 0);
        fetch();
    }

    private void fetch() {
        boolean runs = Status.CMD_BUF_RUN.isSet(registers.get(AmdViRegisters.STATUS));
        for (int done = 0; runs && head != tail && done <= MOST_BYTES; done += Command.BYTES) {
            long at = base + head;
            if (memory.contains(at, Command.BYTES)) {
                execute(memory.read64(at), memory.read64(at + 8));
            }
            head += Command.BYTES;
            long wrapped = head >= size ? 0 : head;
            registers.set(AmdViRegisters.CMD_HEAD, wraps ? wrapped : head);
            head = wrapped;
        }
    }

    private void execute(long q0, long q1) {
        switch ((int) Command.OPCODE.of(q0)) {
            case Command.COMPLETION_WAIT -> complete(q0, q1);
            case Command.INVALIDATE_IOMMU_PAGES -> {
                int domain = (int) Command.DOMAIN_ID.of(q0);
                if (tlb.invalidate(domain)) {
                    told.accept("pages, domain " + EntryFormatter.hex(domain) + ", all");
                }
            }
            case Command.INVALIDATE_IOTLB_PAGES -> page((int) Command.DEVICE_ID.of(q0), q1);
            case Command.INVALIDATE_IOMMU_ALL -> {
                tlb.invalidateAll();
                others.everything("everything");
            }
            case Command.INVALIDATE_DEVTAB_ENTRY ->
                others.deviceTableEntry((int) Command.DEVICE_ID.of(q0));
            case Command.INVALIDATE_INTERRUPT_TABLE ->
                others.interruptTable((int) Command.DEVICE_ID.of(q0));
            default -> { }
        }
    }

    private void page(int device, long q1) {
        boolean reserved = Command.SIZE.isSet(q1);
        for (BitField field : IOTLB_RESERVED) {
            reserved |= field.isSet(q1);
        }
        if (!reserved && tlb.invalidate(device, q1)) {
            told.accept("page, device " + EntryFormatter.hex(device));
        }
    }

    private void complete(long q0, long q1) {
        long at = Command.STORE_ADDRESS.inPlace(q0);
        if (Command.S.isSet(q0) && memory.contains(at, 8)) {
            memory.write64(at, q1);
        }
        if (Command.I.isSet(q0)) {
            registers.set(AmdViRegisters.STATUS, Status.COM_WAIT_INT, 1);
            interrupt.run();
        }
    }
}
