// SPDX-License-Identifier: Apache-2.0
package iommu.amdvi.linux;

import iommu.amdvi.AmdViRegisters;
import iommu.amdvi.Control;
import iommu.amdvi.DeviceTableEntry;
import iommu.amdvi.InterruptEntry;
import iommu.amdvi.WideInterruptEntry;
import iommu.api.pcie.Message;
import iommu.api.unit.KernelPanicException;
import iommu.api.unit.KernelPort;
import java.util.HashMap;
import java.util.Map;

/**
 * The interrupt tables of this kernel: of the length of its version, one for every device that asks
 * for an interrupt. A device that was copied with the crashed kernel's table gets one of this
 * kernel's with its first interrupt.
 *
 * <p>Source: Linux, amd/iommu.c, alloc_irq_table, set_dte_irq_entry, alloc_irq_index.
 */
final class InterruptTables {

    /** No input of an I/O APIC. */
    static final int NEXT = -1;

    private static final long MESSAGE_ADDRESS = 0xfee0_0000L;

    private final KernelPort port;
    private final UnitRegisters registers;
    private final int length;
    /** Entries of an I/O APIC's table that stand for its inputs, whether they are used or not. */
    private static final int INPUTS = 32;
    private final Map<Integer, Table> tables = new HashMap<>();

    /** A table, and how many of its entries are given out. */
    private static final class Table {
        private final long base;
        private int used;

        private Table(long base) {
            this.base = base;
        }
    }

    /** @param length base-2 logarithm of the entries of a table */
    InterruptTables(KernelPort port, UnitRegisters registers, int length) {
        this.length = length;
        this.port = port;
        this.registers = registers;
    }

    /**
     * Returns whether the table that a unit uses has interrupts remapped: what this kernel finds in
     * use it uses too, and elsewhere firmware does not offer it. A table that cannot be read is
     * taken for one that has.
     */
    static boolean inUse(KernelPort port, UnitRegisters registers) {
        long register = registers.read(AmdViRegisters.DEV_TAB);
        long base = AmdViRegisters.BASE.inPlace(register);
        long bytes = AmdViRegisters.deviceTableBytes(register);
        if (!registers.enabled() || !port.isMemory(base, bytes)) {
            return registers.enabled();
        }
        for (long at = base; at < base + bytes; at += DeviceTableEntry.BYTES) {
            long q2 = port.read64(at + 16);
            if (DeviceTableEntry.IV.isSet(q2)
                    && DeviceTableEntry.INT_CTL.of(q2) == DeviceTableEntry.INT_REMAP) {
                return true;
            }
        }
        return false;
    }

    /**
     * Gives an interrupt of a device an entry of its table: fixed, to the processor of this kernel.
     * An input of an I/O APIC gets the entry of its number, as its message carries no other index.
     *
     * <p>Source: Linux, amd/iommu.c, irq_remapping_alloc, IRQ_ALLOC_TYPE_IOAPIC.
     *
     * @param device id that the message will carry
     * @param input of an I/O APIC, from 0; {@link #NEXT} for the next entry
     * @throws KernelPanicException if there is none left
     */
    Message allocate(int device, int input, int vector, DeviceEntries entries,
            CommandRing commands) {
        Table table = tables.computeIfAbsent(device, d -> create(d, entries, commands));
        if (input == NEXT && table.used == 1 << length) {
            throw new KernelPanicException("AMD-Vi: no interrupt entry left for device 0x"
                    + Integer.toHexString(device));
        }
        if (input != NEXT) {
            table.used = Math.max(table.used, INPUTS);
        }
        int index = input != NEXT ? input : table.used++;
        if (registers.control(Control.GA_EN)) {
            long at = table.base + (long) index * WideInterruptEntry.BYTES;
            port.write64(at + 8, WideInterruptEntry.VECTOR.with(0, vector));
            port.write64(at, WideInterruptEntry.DESTINATION_LOW.with(
                    InterruptEntry.REMAP_EN.mask(), port.processor()));
        } else {
            long at = table.base + (long) index * InterruptEntry.BYTES;
            long word = InterruptEntry.DESTINATION.with(InterruptEntry.VECTOR.with(
                    InterruptEntry.REMAP_EN.mask(), vector), port.processor());
            int shift = 8 * (int) (at & 4);
            long others = port.read64(at & -8) & ~(0xffff_ffffL << shift);
            port.write64(at & -8, others | word << shift);
        }
        commands.interruptTable(device);
        commands.complete();
        return new Message(MESSAGE_ADDRESS, index);
    }

    private Table create(int device, DeviceEntries entries, CommandRing commands) {
        int bytes = (1 << length) * (registers.control(Control.GA_EN)
                ? WideInterruptEntry.BYTES : InterruptEntry.BYTES);
        long base = port.allocatePages((bytes + 4095) / 4096);
        entries.interrupts(device, base, length);
        commands.deviceTableEntry(device);
        commands.complete();
        return new Table(base);
    }
}
