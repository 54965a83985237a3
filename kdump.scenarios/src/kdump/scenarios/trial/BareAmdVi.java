// SPDX-License-Identifier: Apache-2.0
package kdump.scenarios.trial;

import iommu.api.machine.MachineDescription;
import iommu.api.memory.PhysicalMemory;
import iommu.api.pcie.Access;
import iommu.api.unit.RemappingUnit;
import iommu.api.unit.Translation;
import kdump.lab.api.LabException;
import kdump.lab.api.experiment.Hardware;

/**
 * An AMD-Vi unit with nothing around it, programmed by hand: one device, an old device table with
 * tables of three levels, a new device table that blocks it.
 *
 * <p>Source: AMD I/O Virtualization Technology Specification, 48882: "Device Table Entry Format",
 * "I/O Page Tables", "Commands", "MMIO Registers".
 */
public final class BareAmdVi {

    public static final int DEVICE = 0x0100;
    public static final long IOVA = 0x4000;
    private static final int OLD_DOMAIN = 7;
    private static final int NEW_DOMAIN = 9;
    private static final int DEVICE_TABLE_BASE = 0x00;
    private static final int COMMAND_BASE = 0x08;
    private static final int CONTROL = 0x18;
    private static final int COMMAND_HEAD = 0x2000;
    private static final int COMMAND_TAIL = 0x2008;
    private static final long IOMMU_ENABLE = 1;
    private static final long COMMAND_ENABLE = 1 << 12;
    private static final long LENGTH_256 = 8L << 56;
    private static final long TABLE_SIZE = 0x1ff;
    private static final long DTE_BYTES = 32;
    private static final long READ_WRITE = 3L << 61;
    private static final long VALID = 3;
    private static final int MODE = 9;
    private static final int LEVELS = 3;
    private static final int TABLE_BYTES = 4096;
    private static final int DEVICE_TABLE_BYTES = 1 << 21;

    private final PhysicalMemory memory;
    private final RemappingUnit unit;
    private final long oldTable;
    private final long newTable;
    private final long root;
    private final long commands;
    private final long marker;
    private int tail;

    /**
     * Programs a unit of a machine in memory of its capture kernel, which is nobody's yet.
     *
     * @param directoryEntries size of its cache of page directory entries
     */
    public BareAmdVi(Stage stage, long directoryEntries) throws LabException {
        MachineDescription machine = stage.machine("server-2010-amd");
        Hardware hardware = stage.bare(machine.withUnits(machine.units().stream()
                .map(u -> u.withProfile(u.profile().with("directoryCacheEntries",
                        directoryEntries))).toList()));
        memory = hardware.memory();
        unit = hardware.units().get(0);
        long at = hardware.reservation().start() + DEVICE_TABLE_BYTES - 1 & -DEVICE_TABLE_BYTES;
        oldTable = at;
        newTable = at + DEVICE_TABLE_BYTES;
        root = newTable + DEVICE_TABLE_BYTES;
        commands = root + 64 * TABLE_BYTES;
        marker = commands + 2 * TABLE_BYTES;
        clear(oldTable, marker + TABLE_BYTES);
        map(0);
        entry(oldTable, VALID | (long) LEVELS << MODE | root | READ_WRITE, OLD_DOMAIN);
        entry(newTable, VALID, NEW_DOMAIN);
        deviceTable(oldTable);
        commandBuffer();
        enable();
    }

    private void clear(long from, long to) {
        byte[] zeros = new byte[TABLE_BYTES];
        for (long at = from; at < to; at += TABLE_BYTES) {
            memory.write(at, zeros, 0, TABLE_BYTES);
        }
    }

    private void entry(long table, long low, int domain) {
        memory.write64(table + DEVICE * DTE_BYTES, low);
        memory.write64(table + DEVICE * DTE_BYTES + 8, domain);
    }

    /** Maps an address in 1 GiB ranges of its own: tables of both levels below are its own too. */
    private void map(int range) {
        long middle = root + (1 + 2L * range) * TABLE_BYTES;
        long low = middle + TABLE_BYTES;
        memory.write64(root + 8L * range, 1 | 2L << MODE | middle | READ_WRITE);
        memory.write64(middle, 1 | 1L << MODE | low | READ_WRITE);
        memory.write64(low + 8 * (IOVA >>> 12), 1 | page(range) | READ_WRITE);
    }

    /** Returns the page that the old tables lead to. */
    private long page(int range) {
        return marker + (16L + range) * TABLE_BYTES;
    }

    /** Returns the page that the device is meant to reach. */
    public long oldPage() {
        return page(0);
    }

    // ---- what kernels do ------------------------------------------------------------------------

    /** Clears IommuEn and CmdBufEn. */
    public void disable() {
        unit.writeRegister(CONTROL, 8, 0);
    }

    /** Sets IommuEn and CmdBufEn. */
    public void enable() {
        unit.writeRegister(CONTROL, 8, IOMMU_ENABLE | COMMAND_ENABLE);
    }

    /** Has the unit use the new device table, which blocks the device. */
    public void useNewTable() {
        deviceTable(newTable);
    }

    private void deviceTable(long table) {
        unit.writeRegister(DEVICE_TABLE_BASE, 8, table | TABLE_SIZE);
    }

    /** Points the unit to an empty command buffer, which sets both pointers to 0. */
    public void commandBuffer() {
        unit.writeRegister(COMMAND_BASE, 8, commands | LENGTH_256);
        unit.writeRegister(COMMAND_HEAD, 8, 0);
        unit.writeRegister(COMMAND_TAIL, 8, 0);
        tail = 0;
    }

    /** Queues INVALIDATE_DEVTAB_ENTRY for the device. */
    public void flushEntry() {
        command(2L << 60 | DEVICE, 0);
    }

    /** Queues INVALIDATE_IOMMU_PAGES for all addresses of the old domain, directories too or not. */
    public void flushPages(boolean directories) {
        command(3L << 60 | (long) OLD_DOMAIN << 32, 0x7fff_ffff_ffff_f000L | 1
                | (directories ? 2 : 0));
    }

    /** Queues COMPLETION_WAIT with a store. */
    public void completionWait() {
        command(1L << 60 | marker | 1, 1);
    }

    private void command(long low, long high) {
        memory.write64(commands + tail, low);
        memory.write64(commands + tail + 8, high);
        tail += 16;
        unit.writeRegister(COMMAND_TAIL, 8, tail);
    }

    /** Returns how many commands the unit has taken since it was pointed to the buffer. */
    public long commandsTaken() {
        return unit.readRegister(COMMAND_HEAD, 8) / 16;
    }

    /** Returns whether the store of a COMPLETION_WAIT has been done. */
    public boolean completed() {
        return memory.read64(marker) == 1;
    }

    // ---- what devices and strangers do ----------------------------------------------------------

    /** Has the device read: fills the caches. */
    public long read() {
        return unit.translate(DEVICE, IOVA, Access.READ);
    }

    /** Has the device read so many other addresses that no directory entry of the first is left. */
    public void readElsewhere() {
        for (int range = 1; range < 16; range++) {
            map(range);
            unit.translate(DEVICE, ((long) range << 30) + IOVA, Access.READ);
        }
    }

    /** Writes over the upper table and the middle one of the old tables. */
    public void overwrite() {
        memory.write64(root, 0);
        memory.write64(root + TABLE_BYTES, 0);
    }

    /** Says what became of a read. */
    public String told(long translation) {
        return Translation.isBlocked(translation) ? "blocked"
                : Translation.isUntranslated(translation) ? "raw"
                : Translation.address(translation) == oldPage() ? "old page" : "another page";
    }
}
