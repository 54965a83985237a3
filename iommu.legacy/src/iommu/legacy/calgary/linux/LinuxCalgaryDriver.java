// SPDX-License-Identifier: Apache-2.0
package iommu.legacy.calgary.linux;

import iommu.api.memory.AddressRange;
import iommu.api.pcie.RequesterId;
import iommu.api.profile.KernelProfile;
import iommu.api.unit.AdoptDepth;
import iommu.api.unit.DmaOps;
import iommu.api.unit.KernelPort;
import iommu.api.unit.StepRefusedException;
import iommu.api.unit.UnitDriver;
import iommu.legacy.calgary.CalgaryRegisters;
import iommu.legacy.calgary.TableSize;
import iommu.legacy.calgary.TranslationEntry;
import java.util.function.Consumer;

/**
 * Linux for one Calgary chip; what differs by version is in {@link CalgaryKernel}. A table is a
 * PHB's, and its kernel gives addresses out by itself ({@link CalgaryDma}).
 *
 * <ul>
 * <li>{@link #startClean} gives each PHB that has agents a new table and enables it: translation
 * does not go off for it.
 * <li>{@link #adoptTables}, in place only, goes on with the tables that it finds: what is not 0
 * stays in use, and so it is with {@link AdoptDepth#KEEP_IN_PLACE}, whatever the version.
 * <li>{@link #disableTranslation} is calgary_disable_translation, which no kernel does by itself.
 * </ul>
 *
 * <p>Nothing announces errors: each enabled PHB is looked at every two seconds.
 *
 * <p>Source: Linux, pci-calgary_64.c, detect_calgary, calgary_init, calgary_watchdog.
 */
public final class LinuxCalgaryDriver implements UnitDriver {

    private static final long WATCHDOG_NANOS = 2_000_000_000L;
    private static final int CALGARY_ID = 0x02a1;
    private static final int NOBODY = -1;
    private static final int MOST_AGENTS = 8;

    private final CalgaryKernel kernel;
    private final KernelPort port;
    private final PhbRegisters[] phbs = new PhbRegisters[CalgaryRegisters.PHBS];
    /** Null where this kernel has none. */
    private final TceTable[] tables = new TceTable[CalgaryRegisters.PHBS];
    private final int[] sizes = new int[CalgaryRegisters.PHBS];
    private final boolean[] watched = new boolean[CalgaryRegisters.PHBS];
    /** First bus of each PHB and its last one, once they are located. */
    private final int[] firstBus = new int[CalgaryRegisters.PHBS];
    private final int[] lastBus = new int[CalgaryRegisters.PHBS];
    private final CalgaryDma dma;

    /**
     * Makes the code of a kernel.
     *
     * @throws IllegalArgumentException if it has a setting that is unknown or out of range
     */
    public LinuxCalgaryDriver(KernelProfile profile, KernelPort port) {
        this.port = port;
        kernel = CalgaryKernel.of(profile);
        port.flushWrites(true); // flush_tce
        for (int i = 0; i < phbs.length; i++) {
            phbs[i] = new PhbRegisters(port, i);
        }
        dma = new CalgaryDma(this, port);
    }

    // ---- PHBs -----------------------------------------------------------------------------------

    /** Reads which buses each PHB has: calgary_locate_bbars. */
    private void locate() {
        for (int phb = 0; phb < phbs.length; phb++) {
            int stuff = phbs[phb].stuff();
            firstBus[phb] = (int) CalgaryRegisters.FIRST_BUS.of(stuff);
            lastBus[phb] = Math.max(firstBus[phb], (int) CalgaryRegisters.LAST_BUS.of(stuff));
        }
    }

    /** Returns the first bus of a PHB on which there is a chip and, as a rule, agents; -1: none. */
    private int busOf(int phb) {
        for (int bus = firstBus[phb]; bus <= lastBus[phb]; bus++) {
            if (identity(bus, 0) >>> 16 == CALGARY_ID
                    && (kernel.translatesEmptySlots() || hasAgents(bus))) {
                return bus;
            }
        }
        return NOBODY;
    }

    private int identity(int bus, int device) {
        return port.readConfig(RequesterId.of(0, bus, device, 0), 0, Integer.BYTES);
    }

    private boolean hasAgents(int bus) {
        for (int device = 1; device < MOST_AGENTS; device++) {
            if (identity(bus, device) != -1) {
                return true;
            }
        }
        return false;
    }

    /** Returns the table that translates for a bus; null if none of this kernel's does. */
    TceTable tableOf(int bus) {
        for (int phb = 0; phb < tables.length; phb++) {
            if (tables[phb] != null && bus >= firstBus[phb] && bus <= lastBus[phb]) {
                return tables[phb];
            }
        }
        return null;
    }

    /** Keeps a range from being given out on any PHB. */
    void reserve(AddressRange range) {
        for (TceTable table : tables) {
            if (table != null) {
                table.reserve(range);
            }
        }
    }

    /** Has the PHB of a table drop what it caches. */
    void blast(TceTable table) {
        for (int phb = 0; phb < tables.length; phb++) {
            if (tables[phb] == table) {
                phbs[phb].blast(table.base(), sizes[phb]);
            }
        }
    }

    // ---- the hand-over --------------------------------------------------------------------------

    @Override
    public void resume() {
        locate();
        for (int phb = 0; phb < phbs.length; phb++) {
            if (phbs[phb].translates()) {
                use(phb, phbs[phb].hardwareTable(firstBus[phb]),
                        (int) CalgaryRegisters.TAR_SIZE.of(phbs[phb].tar()));
                tables[phb].keepNonZero();
                reserve(phb);
                watch(phb, WATCHDOG_NANOS);
            }
        }
    }

    private void use(int phb, TceTable table, int size) {
        tables[phb] = table;
        sizes[phb] = size;
    }

    @Override
    public boolean hasTables() {
        for (TceTable table : tables) {
            if (table != null) {
                return true;
            }
        }
        return false;
    }

    /** {@inheritDoc} The chip has no part in interrupts. */
    @Override
    public void initialiseInterrupts() { }

    @Override
    public void disableTranslation() throws StepRefusedException {
        locate();
        for (int phb = 0; phb < phbs.length; phb++) {
            if (phbs[phb].translates()) {
                port.print(String.format("Calgary: disabling translation on PHB 0x%x!",
                        firstBus[phb]));
                phbs[phb].translation(false);
                tables[phb] = null;
                watched[phb] = false;
            }
            if (phbs[phb].translates()) {
                throw new StepRefusedException("TCE_ENABLE stays 1");
            }
        }
    }

    @Override
    public void startClean() throws StepRefusedException {
        startNew(table -> { });
    }

    /** Gives each PHB with agents a new table, which {@code fill} may enter something into. */
    private void startNew(Consumer<TceTable> fill) {
        int size = kernel.sizeOfNew(port.ownMemoryEnd());
        announce(size);
        for (int phb = 0; phb < phbs.length; phb++) {
            int bus = busOf(phb);
            if (bus != NOBODY) {
                long base = port.allocateLowPages(
                        TableSize.bytes(size) >> TranslationEntry.PAGE_SHIFT);
                use(phb, new TceTable(port, bus, base, TableSize.entries(size)), size);
                fill.accept(tables[phb]);
                setUp(phb, bus);
            }
        }
    }

    /** {@inheritDoc} A new table does just that: no PHB is switched off for it. */
    @Override
    public void startBlocked() throws StepRefusedException {
        checkEnabled();
        startNew(table -> { });
    }

    @Override
    public void mapScratch() throws StepRefusedException {
        checkEnabled();
        long scratch = port.allocateScratchPage();
        startNew(table -> table.lead(scratch));
    }

    private void checkEnabled() throws StepRefusedException {
        for (PhbRegisters phb : phbs) {
            if (phb.translates()) {
                return;
            }
        }
        throw new StepRefusedException("translation is not enabled");
    }

    @Override
    public void adoptTables(AdoptDepth depth) throws StepRefusedException {
        boolean own = depth == AdoptDepth.IN_PLACE;
        if (!own && depth != AdoptDepth.KEEP_IN_PLACE) {
            throw new StepRefusedException("the chip's table has no part that could be copied"
                    + " alone: Linux reuses it in place, not " + depth);
        }
        if (own && (!kernel.reusesTables() || !kernel.kdump())) {
            throw new StepRefusedException("this kernel makes new TCE tables, as all did before"
                    + " 2.6.27");
        }
        checkEnabled();
        adopt();
    }

    private void adopt() {
        int size = kernel.sizeOfFound(port.machineMemoryEnd());
        announce(size);
        for (int phb = 0; phb < phbs.length; phb++) {
            int bus = busOf(phb);
            if (bus != NOBODY) {
                // get_tce_space_from_tar: a size that is not this kernel's leaves bits behind
                long base = phbs[phb].tar() & CalgaryRegisters.TAR_SOFTWARE & ~size;
                use(phb, new TceTable(port, bus, base, TableSize.entries(size)), size);
                tables[phb].keepNonZero();
                setUp(phb, bus);
            }
        }
    }

    private void announce(int size) {
        locate();
        port.print("PCI-DMA: Calgary IOMMU detected.");
        port.print("PCI-DMA: Calgary TCE table spec is " + size);
        port.print("PCI-DMA: Using Calgary IOMMU");
    }

    private void setUp(int phb, int bus) {
        reserve(phb);
        phbs[phb].setTable(tables[phb].base(), sizes[phb]);
        phbs[phb].handleQuirks(bus);
        port.print(String.format("Calgary: enabling translation on Calgary PHB 0x%x", bus));
        port.print("Calgary: errant DMAs will now be prevented on this bus.");
        phbs[phb].translation(true);
        watch(phb, 0);
    }

    private void reserve(int phb) {
        tables[phb].reserveUsual();
        phbs[phb].reserveWindows(tables[phb]);
    }

    // ---- errors ---------------------------------------------------------------------------------

    private void watch(int phb, long nanos) {
        watched[phb] = true;
        port.schedule(nanos, () -> look(phb));
    }

    /** The timer is not set again once it has found an error. */
    private void look(int phb) {
        if (watched[phb]) {
            watched[phb] = false;
            if (!phbs[phb].watch(tables[phb].bus())) {
                watch(phb, WATCHDOG_NANOS);
            }
        }
    }

    /** {@inheritDoc} There is no such interrupt. */
    @Override
    public void enableFaultInterrupt() { }

    /** {@inheritDoc} The watchdog does it. */
    @Override
    public void handleFaults() { }

    // ---- mappings -------------------------------------------------------------------------------

    @Override
    public boolean remapsDma() {
        return kernel.used();
    }

    @Override
    public DmaOps dmaOps() {
        return dma;
    }

    @Override
    public void map(int requester, long iova, long physicalAddress, long bytes, int access) {
        TceTable table = tableOf(RequesterId.bus(requester));
        if (table == null) {
            throw new IllegalArgumentException(
                    RequesterId.format(requester) + " is on no PHB that translates");
        }
        table.build((int) (iova >>> TranslationEntry.PAGE_SHIFT),
                (int) (bytes >>> TranslationEntry.PAGE_SHIFT), physicalAddress, access);
    }

    @Override
    public void unmap(int requester, long iova, long bytes) {
        TceTable table = tableOf(RequesterId.bus(requester));
        if (table != null) {
            table.free((int) (iova >>> TranslationEntry.PAGE_SHIFT),
                    (int) (bytes >>> TranslationEntry.PAGE_SHIFT));
        }
    }

    @Override
    public void flush() { }
}
