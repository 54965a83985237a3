// SPDX-License-Identifier: Apache-2.0
package iommu.amdvi.linux;

import iommu.amdvi.AmdViRegisters;
import iommu.amdvi.Control;
import iommu.amdvi.DeviceTableEntry;
import iommu.amdvi.ExtendedFeature;
import iommu.api.unit.KernelPanicException;
import iommu.api.unit.KernelPort;

/**
 * Takes an enabled unit over at T4. Source: Linux, amd/init.c, early_enable_iommus; the order of
 * register writes is that of the recorded hand-over.
 */
final class LinuxHandover {

    private final KernelPort port;
    private final KernelQuirks quirks;
    private final UnitRegisters registers;
    private final long expectedBytes;
    private final EventReport events;
    private final DomainMappings mappings;
    private CommandRing commands;
    private DeviceEntries entries;
    private String refusal;

    /** @param expectedBytes size of the device table that is taken over; 0 for any */
    LinuxHandover(KernelPort port, KernelQuirks quirks, UnitRegisters registers, long expectedBytes,
            EventReport events, DomainMappings mappings) {
        this.port = port;
        this.quirks = quirks;
        this.registers = registers;
        this.expectedBytes = expectedBytes;
        this.events = events;
        this.mappings = mappings;
    }

    CommandRing commands() {
        return commands;
    }

    /** Returns the device table; null if it was refused. */
    DeviceEntries entries() {
        return entries;
    }

    /** Returns why the device table was refused; null if it was not. */
    String refusal() {
        return refusal;
    }

    /** Copies the device table, and sets up buffers of this kernel. */
    void copy() {
        long register = begin("copy");
        var copy = new TableCopy(port, mappings.ids(), quirks);
        entries = copy.copy(register, expectedBytes);
        told(copy.refusal(), "copy", "Copied DEV table from previous kernel.");
        if (entries != null) {
            goOn(register, true, () -> enable(commands, events, quirks));
        }
    }

    /**
     * Uses device table and buffers where they lie. With SNP completions are stored where the
     * exclusion range used to begin.
     */
    void reuse() {
        long register = begin("reuse");
        var reuse = new TableReuse(port, mappings.ids(), quirks);
        entries = reuse.reuse(register, expectedBytes);
        told(reuse.refusal(), "reuse", "Reused DEV table from previous kernel.");
        if (entries == null && snp()) {
            throw new KernelPanicException("kernel BUG at drivers/iommu/amd/init.c: "
                    + reuse.refusal());
        }
        if (entries != null) {
            goOn(register, false, this::reuseBuffers);
        }
    }

    private boolean snp() {
        return ExtendedFeature.SNP_SUP.isSet(registers.read(AmdViRegisters.EXTENDED_FEATURE));
    }

    private void reuseBuffers() {
        commands.reuse(quirks.plain(registers.read(AmdViRegisters.CMD_BUF)), snp()
                ? quirks.plain(AmdViRegisters.BASE.inPlace(
                        registers.read(AmdViRegisters.EXCLUSION_BASE))) : 0);
        events.reuse();
    }

    /**
     * Goes on with device table and page tables, whatever this version would do or refuse by
     * itself. If it is refused nothing was changed.
     *
     * @param copied whether all tables are copied, or used where they lie
     * @param keeps whether functions keep their domains with all that is mapped in them
     */
    void takeAll(boolean copied, boolean keeps) {
        String what = copied ? "copy" : "reuse";
        long register = begin(what);
        DeviceEntries found = null;
        KeptMappings kept = KeptMappings.NONE;
        String why = null;
        try {
            if (!copied) {
                var reuse = new TableReuse(port, mappings.ids(), quirks);
                found = reuse.reuse(register, expectedBytes, true);
                why = reuse.refusal();
            } else if (snp()) {
                why = "The base register of the device table is locked";
            } else {
                var copy = new TableCopy(port, mappings.ids(), quirks, true);
                found = copy.copy(register, 0);
                why = copy.refusal();
            }
            if (found != null && copied) {
                new PageTableCopy(port, found).run();
            }
            kept = found == null || !keeps ? kept : KeptMappings.collect(port, found);
        } catch (IllegalStateException e) {
            why = e.getMessage();
        }
        told(why, what, copied ? "Copied all tables from previous kernel."
                : "Reused DEV table from previous kernel.");
        if (why == null) {
            entries = found;
            goOn(register, copied, copied ? this::newBuffers : this::reuseBuffers);
            mappings.keep(kept, entries);
        }
    }

    private void newBuffers() {
        commands.enable();
        events.enable();
    }

    /** Gives a unit new buffers, unless the kernel is one that forgets to tell it. */
    static void enable(CommandRing commands, EventReport events, KernelQuirks quirks) {
        if (quirks.keepsBufferBases() && quirks.isKdump()) {
            commands.allocate();
            commands.startUntold();
            events.reuse();
        } else {
            commands.enable();
            events.enable();
        }
    }

    /** Says what is tried; returns the base register of the crashed kernel's table. */
    private long begin(String what) {
        port.print("AMD-Vi: Translation is already enabled - trying to " + what
                + " translation structures");
        return registers.read(AmdViRegisters.DEV_TAB);
    }

    /**
     * What follows a table that was taken over: buffers, the table's address, the flush.
     *
     * @param moves whether the unit must be told of another table
     * @param buffers lets the unit use command buffer and event log
     */
    private void goOn(long register, boolean moves, Runnable buffers) {
        pauseBuffers();
        commands = new CommandRing(port, registers);
        buffers.run();
        registers.feature(Control.GA_EN, registers.control(Control.GA_EN));
        if (moves) {
            entries.tell(registers);
        }
        flush(commands, register);
        mappings.use(entries, commands);
    }

    private void told(String why, String what, String success) {
        if (why == null) {
            port.print("AMD-Vi: " + success);
            return;
        }
        refusal = "Failed to " + what + " DEV table from previous kernel.";
        port.print("AMD-Vi: " + why);
        port.print("AMD-Vi: " + refusal);
        refusal += " " + why;
    }

    private void pauseBuffers() {
        registers.feature(Control.CMD_BUF_EN, false);
        registers.feature(Control.EVENT_LOG_EN, false);
        registers.feature(Control.IRT_CACHE_DIS, false);
    }

    /**
     * Drops everything that a unit has cached, an entry after the other: features are not known
     * yet.
     *
     * @param register base register of the device table that the crashed kernel used
     */
    static void flush(CommandRing commands, long register) {
        commands.flushOneByOne(
                (int) (AmdViRegisters.deviceTableBytes(register) / DeviceTableEntry.BYTES));
    }
}
