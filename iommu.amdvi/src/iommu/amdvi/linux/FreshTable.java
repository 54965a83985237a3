// SPDX-License-Identifier: Apache-2.0
package iommu.amdvi.linux;

import iommu.amdvi.AmdViRegisters;
import iommu.amdvi.Control;
import iommu.amdvi.DeviceTableEntry;
import iommu.api.unit.KernelPort;
import iommu.api.unit.StepRefusedException;
import java.util.function.Consumer;

/**
 * Gives a unit a device table of this kernel, with a command buffer and an event log. One unit, one
 * thread.
 *
 * <p>Source: Linux, init.c, early_enable_iommu.
 */
final class FreshTable {

    private static final long LARGEST_TABLE_BYTES = 65536L * DeviceTableEntry.BYTES;
    private static final int INV_TIME_OUT_1S = 4;
    private static final int PAGE_BYTES = 4096;

    private final KernelPort port;
    private final KernelQuirks quirks;
    private final UnitRegisters registers;
    private final EventReport events;
    private final DomainMappings mappings;
    private final long expectedBytes;
    private DeviceEntries entries;
    private CommandRing commands;

    /**
     * Makes one.
     *
     * @param expectedBytes size of the table; 0 for that of the one that is found
     */
    FreshTable(KernelPort port, KernelQuirks quirks, UnitRegisters registers, EventReport events,
            DomainMappings mappings, long expectedBytes) {
        this.port = port;
        this.quirks = quirks;
        this.registers = registers;
        this.events = events;
        this.mappings = mappings;
        this.expectedBytes = expectedBytes;
    }

    /** Returns the table that was made last. */
    DeviceEntries entries() {
        return entries;
    }

    /** Returns its command buffer. */
    CommandRing commands() {
        return commands;
    }

    /**
     * Gives the unit an empty table and switches it on.
     *
     * @param blocked whether devices are blocked from the start, not only from T6 on
     * @param keepsBases whether no base register is written
     */
    void start(boolean blocked, boolean keepsBases) {
        entries = empty(blocked);
        long control = registers.read(AmdViRegisters.CONTROL);
        control = Control.INV_TIME_OUT.with(control, INV_TIME_OUT_1S);
        registers.write(AmdViRegisters.CONTROL, Control.COHERENT.with(control, 1));
        commands = new CommandRing(port, registers);
        if (quirks.attachesFirst()) {
            commands.allocate();
            mappings.use(entries, commands);
            mappings.attachUnseen(port.functions());
        }
        if (!keepsBases) {
            entries.tell(registers);
        }
        startBuffers(keepsBases);
        registers.feature(Control.IOMMU_EN, true);
        if (!quirks.attachesFirst()) {
            mappings.use(entries, commands);
        }
    }

    private void startBuffers(boolean keepsBases) {
        if (keepsBases) {
            commands.reuse(quirks.plain(registers.read(AmdViRegisters.CMD_BUF)), 0);
            events.reuse();
        } else if (quirks.attachesFirst()) {
            commands.start();
            events.enable();
        } else {
            LinuxHandover.enable(commands, events, quirks);
        }
    }

    /**
     * Gives the unit a table in which devices are blocked but for those that {@code fill} gives
     * entries, IommuEn staying 1.
     */
    void exchange(Consumer<DeviceEntries> fill) {
        registers.feature(Control.CMD_BUF_EN, false);
        registers.feature(Control.EVENT_LOG_EN, false);
        entries = empty(true);
        fill.accept(entries);
        commands = new CommandRing(port, registers);
        entries.tell(registers);
        LinuxHandover.enable(commands, events, quirks);
        mappings.use(entries, commands);
    }

    /**
     * Looks whether the unit took the table.
     *
     * @throws StepRefusedException if it did not
     */
    void check() throws StepRefusedException {
        if (AmdViRegisters.BASE.inPlace(registers.read(AmdViRegisters.DEV_TAB))
                != entries.base()) {
            throw new StepRefusedException("the device table base register is locked");
        }
    }

    private DeviceEntries empty(boolean blocked) {
        long found = registers.read(AmdViRegisters.DEV_TAB);
        long bytes = expectedBytes != 0 ? expectedBytes
                : AmdViRegisters.BASE.of(found) != 0 ? AmdViRegisters.deviceTableBytes(found)
                : LARGEST_TABLE_BYTES;
        var table = new DeviceEntries(port, pages((int) (bytes / PAGE_BYTES)),
                (int) (bytes / DeviceTableEntry.BYTES));
        if (blocked) {
            table.blockOthers();
        }
        return table;
    }

    /**
     * Since they copy tables (4.14) kernels keep their own below 4 GiB, as they trust no other.
     *
     * <p>Source: Linux, early_amd_iommu_init, GFP_DMA32; from memory.
     */
    private long pages(int count) {
        return quirks.version().atLeast(4, 14) ? port.allocateLowPages(count)
                : port.allocatePages(count);
    }
}
