// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.linux;

import iommu.api.pcie.Message;
import iommu.api.unit.KernelPanicException;
import iommu.api.unit.KernelPort;
import iommu.vtd.Capability;
import iommu.vtd.GlobalCommand;
import iommu.vtd.InterruptRemapEntry;
import iommu.vtd.InterruptRequest;
import iommu.vtd.VtdRegisters;

/**
 * The interrupt-remapping table of this kernel, 65536 entries, filled with the entries of the
 * kernel before if remapping is still on. Source: Linux, intel/irq_remapping.c.
 */
final class InterruptTable {

    private static final int SIZE_CODE = 0xf;
    private static final int PAGES = 256;
    private static final int BYTES = PAGES * 4096;
    private static final int ENTRIES = BYTES / InterruptRemapEntry.BYTES;
    private static final int VERIFY_SOURCE = 1;

    private final KernelPort port;
    private final UnitRegisters registers;
    private final String unitName;
    private final boolean labelled;
    private Invalidations invalidations;
    private long base;
    private int next;

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
        this.invalidations = invalidations;
        long table = port.allocatePages(PAGES);
        base = table;
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

    private long at(int index) {
        return base + (long) index * InterruptRemapEntry.BYTES;
    }

    /**
     * Gives an interrupt the first free entry: fixed, edge-triggered, to the processor of id 0, and
     * of this source only. Entries that were copied are not free.
     *
     * <p>Source: Linux, alloc_irte, prepare_irte, set_msi_sid, modify_irte.
     *
     * @param source id that the message will carry
     * @throws KernelPanicException if there is none
     */
    Message allocate(int source, int vector) {
        while (next < ENTRIES && InterruptRemapEntry.P.isSet(port.read64(at(next)))) {
            next++;
        }
        if (next == ENTRIES) {
            throw new KernelPanicException("DMAR-IR: can't allocate an IRTE");
        }
        int index = next;
        long high = InterruptRemapEntry.SVT.with(0, VERIFY_SOURCE);
        port.write64(at(index) + 8, InterruptRemapEntry.SID.with(high, source));
        port.write64(at(index),
                InterruptRemapEntry.V.with(InterruptRemapEntry.P.mask(), vector));
        invalidations.interruptEntry(index);
        long address = InterruptRequest.address(index);
        return new Message(InterruptRequest.SHV.with(address, 1), 0);
    }
}
