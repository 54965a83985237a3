// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.linux;

import iommu.api.pcie.Message;
import iommu.api.unit.KernelPanicException;
import iommu.api.unit.KernelPort;
import iommu.vtd.Capability;
import iommu.vtd.ExtendedCapability;
import iommu.vtd.GlobalCommand;
import iommu.vtd.InterruptRemapEntry;
import iommu.vtd.InterruptRequest;
import iommu.vtd.VtdRegisters;
import iommu.vtd.linux.settings.BootOptions;
import iommu.vtd.linux.settings.KernelQuirks;

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
    private static final int VERIFY_NOTHING = 0;

    private final KernelPort port;
    private final UnitRegisters registers;
    private final String unitName;
    private final KernelQuirks quirks;
    private boolean extended;
    private Invalidations invalidations;
    private long base;
    private int next;

    InterruptTable(KernelPort port, UnitRegisters registers, String unitName,
            KernelQuirks quirks) {
        this.port = port;
        this.registers = registers;
        this.unitName = unitName;
        this.quirks = quirks;
    }

    /**
     * Returns whether a unit that stands alone gets a table with destinations of 32 bits: if the
     * table before had them, which tells that the processors can.
     */
    static boolean extended(UnitRegisters registers, BootOptions options) {
        return options.usesX2apic() && ExtendedCapability.EIM.isSet(registers.ecap())
                && VtdRegisters.EIME.isSet(registers.read(VtdRegisters.IRTA));
    }

    /** Switches remapping off that a kernel before had left on. */
    static void disableLeftOver(UnitRegisters registers) {
        if (registers.status(GlobalCommand.IRE)) {
            registers.enable(GlobalCommand.IRE, false);
        }
    }

    /** Gives the unit this kernel's table; remapping stays as it is. */
    void install(Invalidations by, boolean withExtendedDestinations) {
        invalidations = by;
        extended = withExtendedDestinations;
        long table = port.allocatePages(PAGES);
        base = table;
        if (registers.status(GlobalCommand.IRE)) {
            foundOn(table);
        }
        registers.write(VtdRegisters.IRTA, VtdRegisters.EIME.with(
                VtdRegisters.S.with(table, SIZE_CODE), extended ? 1 : 0));
        registers.once(GlobalCommand.SIRTP);
        if (!Capability.ESIRTPS.isSet(registers.cap())) {
            invalidations.interruptEntries();
        }
    }

    /** A capture kernel goes on with the entries of the kernel before, others start over. */
    private void foundOn(long table) {
        if (!quirks.options().isKdump()) {
            port.print("DMAR-IR: IRQ remapping was enabled on " + unitName
                    + " but we are not in kdump mode");
            disableLeftOver(registers);
            return;
        }
        port.print("DMAR-IR: " + (copyOld(table)
                ? "Copied IR table for " + unitName + " from previous kernel"
                : "Failed to copy IR table for " + unitName + " from previous kernel"));
    }

    /** Switches remapping on, unless it was. */
    void enable() {
        if (!registers.status(GlobalCommand.IRE)) {
            registers.enable(GlobalCommand.IRE, true);
        }
    }

    /** Returns what is printed once all units are done. */
    String announcement() {
        return quirks.interruptsRemapped(extended);
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
     * Gives an interrupt the first free entry: fixed, edge-triggered, to the processor of this
     * kernel, and of this source only. Entries that were copied are not free.
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
        long high = InterruptRemapEntry.SVT.with(0,
                quirks.options().verifiesSource() ? VERIFY_SOURCE : VERIFY_NOTHING);
        port.write64(at(index) + 8, InterruptRemapEntry.SID.with(high, source));
        long low = InterruptRemapEntry.V.with(InterruptRemapEntry.P.mask(), vector);
        port.write64(at(index), (extended ? InterruptRemapEntry.DST
                : InterruptRemapEntry.DST_XAPIC).with(low, port.processor()));
        invalidations.interruptEntry(index);
        long address = InterruptRequest.address(index);
        return new Message(InterruptRequest.SHV.with(address, 1), 0);
    }
}
