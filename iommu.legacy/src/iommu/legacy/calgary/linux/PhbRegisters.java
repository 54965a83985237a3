// SPDX-License-Identifier: Apache-2.0
package iommu.legacy.calgary.linux;

import iommu.api.pcie.RequesterId;
import iommu.api.trace.ConsoleLine;
import iommu.api.unit.KernelPort;
import iommu.legacy.calgary.CalgaryRegisters;
import iommu.legacy.calgary.TableSize;

/**
 * What Linux does with the registers of one PHB. One thread.
 *
 * <p>Source: Linux, pci-calgary_64.c, the functions named at each method.
 */
final class PhbRegisters {

    private static final int QUIET_POLLS = 100;
    private static final int QUIRKY_BUS = 1;
    private static final int[] TIMEOUT_SHIFTS = {63 - 19, 63 - 23, 63 - 27, 63 - 35};

    private final KernelPort port;
    private final int phb;

    PhbRegisters(KernelPort port, int phb) {
        this.port = port;
        this.phb = phb;
    }

    int read(int offset) {
        return Integer.reverseBytes(
                (int) port.readRegister(CalgaryRegisters.phb(phb, offset), Integer.BYTES));
    }

    void write(int offset, int value) {
        port.writeRegister(CalgaryRegisters.phb(phb, offset), Integer.BYTES,
                Integer.toUnsignedLong(Integer.reverseBytes(value)));
    }

    /** Returns the register that has its buses: calgary_locate_bbars. */
    int stuff() {
        return Integer.reverseBytes(
                (int) port.readRegister(CalgaryRegisters.stuff(phb), Integer.BYTES));
    }

    long tar() {
        return Long.reverseBytes(port.readRegister(CalgaryRegisters.tar(phb), Long.BYTES));
    }

    private void writeTar(long value) {
        port.writeRegister(CalgaryRegisters.tar(phb), Long.BYTES, Long.reverseBytes(value));
    }

    boolean translates() {
        return CalgaryRegisters.TCE_ENABLE.isSet(read(CalgaryRegisters.CONFIG_RW));
    }

    /** Points the PHB to a table: calgary_setup_tar. */
    void setTable(long base, int size) {
        pointTo(base, size);
        tar();
    }

    /** Has the bus named 1 wait longer, for the sake of one adapter: calgary_handle_quirks. */
    void handleQuirks(int bus) {
        if (bus == QUIRKY_BUS) {
            int shift = TIMEOUT_SHIFTS[phb];
            long value = Long.reverseBytes(
                    port.readRegister(CalgaryRegisters.CONFIG, Long.BYTES));
            port.writeRegister(CalgaryRegisters.CONFIG, Long.BYTES, Long.reverseBytes(
                    value & ~(0xfL << shift) | CalgaryRegisters.TWO_SECONDS << shift));
            port.readRegister(CalgaryRegisters.CONFIG, Long.BYTES);
        }
    }

    /** Switches translation on or off: calgary_enable_translation, calgary_disable_translation. */
    void translation(boolean on) {
        int bits = (int) (CalgaryRegisters.TCE_ENABLE.mask()
                | CalgaryRegisters.DAC_DISABLE.mask() | CalgaryRegisters.MCSR_ENABLE.mask());
        int value = read(CalgaryRegisters.CONFIG_RW);
        write(CalgaryRegisters.CONFIG_RW, on ? value | bits : value & ~bits);
        read(CalgaryRegisters.CONFIG_RW);
    }

    /** Has the PHB drop the entries that it caches: calgary_tce_cache_blast. */
    void blast(long base, int size) {
        int arbitration = read(CalgaryRegisters.AER);
        write(CalgaryRegisters.AER, 0);
        read(CalgaryRegisters.PLSSR);
        if (!awaitQuiet()) {
            port.print("Calgary: PCI bus not quiesced, continuing anyway");
        }
        pointTo(base, size);
        write(CalgaryRegisters.AER, arbitration);
        read(CalgaryRegisters.AER);
    }

    /** Waits until nothing is under way; returns whether that came about. */
    boolean awaitQuiet() {
        int polls = 0;
        long queue;
        do {
            queue = port.readRegister(CalgaryRegisters.splitQueue(phb), Long.BYTES);
            polls++;
        } while ((queue & CalgaryRegisters.QUEUE_IDLE) != CalgaryRegisters.QUEUE_IDLE
                && polls < QUIET_POLLS);
        return polls < QUIET_POLLS;
    }

    /** Writes the address of a table, which drops what is cached. */
    void pointTo(long base, int size) {
        writeTar(tar() & ~CalgaryRegisters.TAR_SOFTWARE | base | size);
    }

    /**
     * Looks for an error; if there is one, prints and clears it and takes the bus from all agents:
     * calgary_watchdog.
     *
     * @return whether there was one
     */
    boolean watch(int bus, boolean calIoc2) {
        int csr = read(CalgaryRegisters.CSR);
        if ((csr & ~(int) CalgaryRegisters.CSR_AGENT.mask()) == 0) {
            return false;
        }
        int plssr = read(CalgaryRegisters.PLSSR);
        port.print(ConsoleLine.FAULT,
                RequesterId.of(0, bus, (int) CalgaryRegisters.CSR_AGENT.of(csr), 0), calIoc2
                ? String.format("Calgary: DMA error on CalIOC2 PHB 0x%x", bus)
                : String.format("Calgary: DMA error on Calgary PHB 0x%x, 0x%08x@CSR 0x%08x@PLSSR",
                        bus, csr, plssr));
        if (calIoc2) {
            CalIoc2.errors(this, csr, plssr).lines().forEach(port::print);
        }
        write(CalgaryRegisters.CSR, 0);
        write(CalgaryRegisters.CONFIG_RW, read(CalgaryRegisters.CONFIG_RW)
                | (int) CalgaryRegisters.SLOT_DISABLE.mask());
        read(CalgaryRegisters.CONFIG_RW);
        return true;
    }

    /** Keeps the windows of peripheral memory out of a table: calgary_reserve_regions. */
    void reserveWindows(TceTable table) {
        long start = join(read(CalgaryRegisters.MEM_1_LOW), read(CalgaryRegisters.MEM_1_HIGH));
        table.reserveWindow(start, join(read(CalgaryRegisters.MEM_1_SIZE), 0));
        if (CalgaryRegisters.MEM_2_ENABLE.isSet(read(CalgaryRegisters.CONFIG_RW))) {
            start = join(read(CalgaryRegisters.MEM_2_LOW), read(CalgaryRegisters.MEM_2_HIGH));
            table.reserveWindow(start, join(read(CalgaryRegisters.MEM_2_SIZE_LOW),
                    read(CalgaryRegisters.MEM_2_SIZE_HIGH)));
        }
    }

    private static long join(int low, int high) {
        return (long) high << 32 | Integer.toUnsignedLong(low);
    }

    /** Returns the table that the PHB uses, as hardware sees it. */
    TceTable hardwareTable(int bus) {
        long tar = tar();
        return new TceTable(port, bus, CalgaryRegisters.TAR_BASE.inPlace(tar),
                TableSize.entries((int) CalgaryRegisters.TAR_SIZE.of(tar)));
    }
}
