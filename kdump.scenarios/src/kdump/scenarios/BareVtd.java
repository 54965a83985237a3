// SPDX-License-Identifier: Apache-2.0
package kdump.scenarios;

import iommu.api.machine.MachineDescription;
import iommu.api.machine.RunDefaults;
import iommu.api.memory.PhysicalMemory;
import iommu.api.pcie.Access;
import iommu.api.unit.RemappingUnit;
import iommu.api.unit.Translation;
import kdump.lab.api.LabException;
import kdump.lab.api.experiment.Hardware;

/**
 * A VT-d unit of a captured machine with nothing around it, which software gives an empty root table
 * with and without the invalidations that belong to it.
 *
 * <p>Source: Intel Virtualization Technology for Directed I/O, "Set Root Table Pointer Operation".
 */
final class BareVtd {

    private static final int GLOBAL_COMMAND = 0x18;
    private static final int GLOBAL_STATUS = 0x1c;
    private static final int ROOT_TABLE = 0x20;
    private static final int CONTEXT_COMMAND = 0x28;
    private static final int EXTENDED_CAPABILITY = 0x10;
    private static final long TRANSLATION_ENABLE = 1L << 31;
    private static final long SET_ROOT_TABLE = 1L << 30;
    private static final long QUEUED_INVALIDATION = 1L << 26;
    private static final long ONE_SHOT = 0x96ff_ffffL;
    private static final long GLOBAL_CONTEXT = 1L << 63 | 1L << 61;
    private static final long GLOBAL_IOTLB = 1L << 63 | 1L << 60;

    private final RemappingUnit unit;
    private final Mapping mapping;
    private final long empty;

    /** Programs a unit as its kernel left it, and has a device read through it once. */
    BareVtd(Stage stage) throws LabException {
        MachineDescription machine = stage.machine("vtd1").withRunDefaults(RunDefaults.NONE);
        Hardware hardware = stage.bare(machine);
        PhysicalMemory memory = hardware.memory();
        unit = hardware.units().get(0);
        mapping = Mapping.all(hardware).stream().filter(m -> (m.access() & Access.READ) != 0)
                .findFirst().orElseThrow();
        empty = hardware.reservation().start();
        memory.write(empty, new byte[PhysicalMemory.PAGE_BYTES], 0, PhysicalMemory.PAGE_BYTES);
        read();
    }

    /** Switches translation off, sets an empty root table, and switches it on again. */
    void startAnew(boolean invalidates) {
        command(TRANSLATION_ENABLE, false);
        unit.writeRegister(ROOT_TABLE, 8, empty);
        command(SET_ROOT_TABLE, true);
        if (invalidates) {
            command(QUEUED_INVALIDATION, false); // registers are taken only without the queue
            unit.writeRegister(CONTEXT_COMMAND, 8, GLOBAL_CONTEXT);
            long offset = (unit.readRegister(EXTENDED_CAPABILITY, 8) >>> 8 & 0x3ff) * 16;
            unit.writeRegister((int) offset + 8, 8, GLOBAL_IOTLB);
        }
        command(TRANSLATION_ENABLE, true);
    }

    private void command(long bit, boolean on) {
        long status = unit.readRegister(GLOBAL_STATUS, 4) & ONE_SHOT;
        unit.writeRegister(GLOBAL_COMMAND, 4, on ? status | bit : status & ~bit);
    }

    /** Has the device read; returns whether it reaches the old page. */
    boolean read() {
        long answer = unit.translate(mapping.requester(), mapping.iova(), Access.READ);
        return !Translation.isBlocked(answer) && !Translation.isUntranslated(answer)
                && Translation.address(answer) == mapping.physicalAddress();
    }
}
