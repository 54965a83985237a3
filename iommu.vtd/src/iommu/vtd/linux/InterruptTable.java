// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.linux;

import iommu.api.unit.KernelPort;
import iommu.vtd.Capability;
import iommu.vtd.GlobalCommand;
import iommu.vtd.VtdRegisters;

/**
 * The interrupt-remapping table of this kernel, 65536 entries, filled with the entries of the
 * kernel before if remapping is still on. Source: Linux, intel/irq_remapping.c.
 */
final class InterruptTable {

    private static final int SIZE_CODE = 0xf;
    private static final int PAGES = 256;
    private static final int BYTES = PAGES * 4096;

    private final KernelPort port;
    private final UnitRegisters registers;
    private final String unitName;

    private final boolean labelled;

    /** @param labelled whether lines name their subsystem, from 4.2 on */
    InterruptTable(KernelPort port, UnitRegisters registers, String unitName,
            boolean labelled) {
        this.port = port;
        this.registers = registers;
        this.unitName = unitName;
        this.labelled = labelled;
    }

    /** Switches remapping off that a kernel before had left on. */
    static void disableLeftOver(UnitRegisters registers) {
        if (registers.status(GlobalCommand.IRE)) {
            registers.enable(GlobalCommand.IRE, false);
        }
    }

    /** Gives the unit this kernel's table; remapping is switched on unless it was. */
    void install(Invalidations invalidations) {
        long table = port.allocatePages(PAGES);
        boolean enabled = registers.status(GlobalCommand.IRE);
        if (enabled) {
            port.print("DMAR-IR: " + (copyOld(table)
                    ? "Copied IR table for " + unitName + " from previous kernel"
                    : "Failed to copy IR table for " + unitName + " from previous kernel"));
        }
        registers.write(VtdRegisters.IRTA, VtdRegisters.S.with(table, SIZE_CODE));
        registers.once(GlobalCommand.SIRTP);
        if (!Capability.ESIRTPS.isSet(registers.cap())) {
            invalidations.interruptEntries();
        }
        if (!enabled) {
            registers.enable(GlobalCommand.IRE, true);
        }
        port.print((labelled ? "DMAR-IR: " : "") + "Enabled IRQ remapping in xapic mode");
    }

    private boolean copyOld(long table) {
        long old = registers.read(VtdRegisters.IRTA);
        long from = VtdRegisters.IRTA_BASE.inPlace(old);
        if (VtdRegisters.S.of(old) != SIZE_CODE || !port.isMemory(from, BYTES)) {
            return false;
        }
        port.copy(from, table, BYTES);
        return true;
    }
}
