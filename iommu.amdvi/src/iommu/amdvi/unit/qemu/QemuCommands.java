// SPDX-License-Identifier: Apache-2.0
package iommu.amdvi.unit.qemu;

import iommu.amdvi.AmdViRegisters;
import iommu.amdvi.Command;
import iommu.amdvi.EventCode;
import iommu.amdvi.Status;
import iommu.amdvi.unit.commands.Commands;
import iommu.amdvi.unit.commands.Invalidation;
import iommu.amdvi.unit.tables.EntryFormatter;
import iommu.api.bits.Register;
import iommu.api.bits.RegisterFile;
import iommu.api.memory.PhysicalMemory;
import java.util.function.Consumer;

/**
 * The command buffer of QEMU: no command stops it, unknown ones are skipped. Reserved bits void
 * some ({@link QemuCommandChecks}), and are logged from QEMU 11 on. Invalidations of pages drop all
 * of a domain; only IOTLB invalidations know pages; with S they drop all of the device from 11 on,
 * and nothing before (QEMU compares a member that it never sets). Base and size count when the
 * upper half of their register is written, which sets head and tail to 0 but not the registers that
 * show them. From 10 on head and tail count modulo the size; before, the head shows the end of the
 * buffer before it wraps, and a tail beyond it hangs QEMU: here one round is made.
 */
public final class QemuCommands implements Commands {

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
    private final QemuTranslator translator;
    private final QemuEventLog log;
    private long base;
    private long size;
    private long head;
    private long tail;

    /**
     * @param version of QEMU
     * @param translator hears of entries that are invalidated
     * @param log of QEMU 11; null for older ones
     * @param others what else is cached
     * @param told hears what was dropped of {@code tlb}
     */
    public QemuCommands(int version, RegisterFile registers, PhysicalMemory memory, QemuTlb tlb,
            QemuTranslator translator, QemuEventLog log, Invalidation others,
            Consumer<String> told, Runnable interrupt) {
        this.registers = registers;
        this.translator = translator;
        this.log = log;
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
            if (QemuDeviceTable.counts(mask)) {
                based();
            }
        });
        registers.onWrite(AmdViRegisters.CMD_HEAD, (written, mask) -> {
            head = offset(AmdViRegisters.CMD_HEAD) % (wraps ? size : Long.MAX_VALUE);
            fetch();
        });
        registers.onWrite(AmdViRegisters.CMD_TAIL, (written, mask) -> {
            tail = offset(AmdViRegisters.CMD_TAIL) % (wraps ? size : Long.MAX_VALUE);
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
                check(memory.read64(at), memory.read64(at + 8));
            } else if (log != null) {
                log.log(EventCode.COMMAND_HARDWARE_ERROR, 0, 0);
            }
            head += Command.BYTES;
            long wrapped = head >= size ? 0 : head;
            registers.set(AmdViRegisters.CMD_HEAD, wraps ? wrapped : head);
            head = wrapped;
        }
    }

    private void check(long q0, long q1) {
        boolean legal = QemuCommandChecks.isLegal(q0, q1);
        if (!legal && log != null) {
            log.log(EventCode.ILLEGAL_COMMAND_ERROR, 0, (int) Command.OPCODE.of(q0));
        }
        if (legal || !QemuCommandChecks.isVoid(q0)) {
            execute(q0, q1);
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
            case Command.INVALIDATE_DEVTAB_ENTRY -> {
                int device = (int) Command.DEVICE_ID.of(q0);
                others.deviceTableEntry(device);
                translator.entryInvalidated(device);
            }
            case Command.INVALIDATE_INTERRUPT_TABLE ->
                others.interruptTable((int) Command.DEVICE_ID.of(q0));
            default -> { }
        }
    }

    private void page(int device, long q1) {
        boolean all = Command.SIZE.isSet(q1);
        if (all && log != null ? tlb.invalidateDevice(device)
                : !all && tlb.invalidate(device, q1)) {
            told.accept((all ? "pages" : "page") + ", device " + EntryFormatter.hex(device));
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
