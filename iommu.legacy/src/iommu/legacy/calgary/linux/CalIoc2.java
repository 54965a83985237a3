// SPDX-License-Identifier: Apache-2.0
package iommu.legacy.calgary.linux;

import iommu.api.unit.KernelPort;
import iommu.legacy.calgary.CalgaryRegisters;

/**
 * What Linux does otherwise with a PHB of CalIOC2, the chip for PCI Express. Stateless.
 *
 * <p>Source: Linux, pci-calgary_64.c, the functions named at each method.
 */
final class CalIoc2 {

    private static final int MOST_TRIES = 100;
    private static final int APART = 0x10;

    private CalIoc2() { }

    /** Sets the bit that the chip's designers recommend: calioc2_handle_quirks. */
    static void handleQuirks(PhbRegisters phb) {
        phb.write(CalgaryRegisters.SAVIOR_L2,
                phb.read(CalgaryRegisters.SAVIOR_L2) | CalgaryRegisters.SAVIOR_WANTED);
    }

    /**
     * Has a PHB drop the entries that it caches: it is stopped softly, until that has come about,
     * then hard by a look at it: calioc2_tce_cache_blast.
     */
    static void blast(PhbRegisters phb, KernelPort port, TceTable table, int size) {
        for (int count = 1; ; count++) {
            phb.write(CalgaryRegisters.PAGE_MIG_CTRL, phb.read(CalgaryRegisters.PAGE_MIG_CTRL)
                    | (int) CalgaryRegisters.SOFT_STOP.mask());
            if (!phb.awaitQuiet()) {
                port.print("CalIOC2: PCI bus not quiesced, continuing anyway");
            }
            if (!CalgaryRegisters.SOFT_STOP_FAULT.isSet(
                    phb.read(CalgaryRegisters.PAGE_MIG_DEBUG))) {
                break;
            }
            if (count == MOST_TRIES) {
                port.print("CalIOC2: too many SoftStopFaults, aborting TCE cache flush sequence!");
                return;
            }
        }
        phb.read(CalgaryRegisters.PAGE_MIG_CTRL);
        phb.read(CalgaryRegisters.PAGE_MIG_DEBUG);
        phb.pointTo(table.base(), size);
        phb.read(CalgaryRegisters.PAGE_MIG_CTRL);
        phb.write(CalgaryRegisters.PAGE_MIG_CTRL, 0);
        phb.read(CalgaryRegisters.PAGE_MIG_CTRL);
    }

    /** Returns what is printed of an error behind its first line: calioc2_dump_error_regs. */
    static String errors(PhbRegisters phb, int csr, int plssr) {
        var words = new StringBuilder(String.format(
                "Calgary: 0x%08x@CSR 0x%08x@PLSSR 0x%08x@CSMR 0x%08x@MCK", csr, plssr,
                phb.read(CalgaryRegisters.CSMR), phb.read(CalgaryRegisters.MCK)));
        words.append("\nCalgary:");
        for (int i = 0; i < CalgaryRegisters.ERRORS; i++) {
            int offset = CalgaryRegisters.FIRST_ERROR + i * APART;
            words.append(String.format(" 0x%08x@0x%x", phb.read(offset), offset));
        }
        return words.append(String.format("\nCalgary: 0x%08x@0x%x",
                phb.read(CalgaryRegisters.ROOT_COMPLEX_STATUS),
                CalgaryRegisters.ROOT_COMPLEX_STATUS)).toString();
    }
}
