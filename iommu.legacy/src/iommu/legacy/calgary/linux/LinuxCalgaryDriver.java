// SPDX-License-Identifier: Apache-2.0
package iommu.legacy.calgary.linux;

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
 * Linux for one Calgary chip, or CalIOC2; what differs by version is in {@link CalgaryKernel}. A
 * table is a PHB's, and its kernel gives addresses out by itself ({@link CalgaryDma}).
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
    private final CalgaryKernel kernel;
    private final KernelPort port;
    private final HostBridges bridges;
    private final boolean[] watched = new boolean[CalgaryRegisters.PHBS];
    private final CalgaryDma dma;
    private boolean hasLooked;
    /** What it said as it found no table of firmware's; null if it found it. */
    private String missing;

    /**
     * Makes the code of a kernel.
     *
     * @throws IllegalArgumentException if it has a setting that is unknown or out of range
     */
    public LinuxCalgaryDriver(KernelProfile profile, KernelPort port) {
        this.port = port;
        kernel = CalgaryKernel.of(profile);
        port.flushWrites(true); // flush_tce
        bridges = new HostBridges(port, kernel);
        dma = new CalgaryDma(bridges, port);
    }

    /** Returns its PHBs. */
    HostBridges bridges() {
        return bridges;
    }

    // ---- the hand-over --------------------------------------------------------------------------

    @Override
    public void resume() {
        bridges.locate();
        for (int phb = 0; phb < CalgaryRegisters.PHBS; phb++) {
            if (bridges.registers(phb).translates()) {
                bridges.use(phb, bridges.registers(phb).hardwareTable(bridges.firstBus(phb)),
                        (int) CalgaryRegisters.TAR_SIZE.of(bridges.registers(phb).tar()));
                bridges.table(phb).keepNonZero();
                reserve(phb);
                watch(phb, WATCHDOG_NANOS);
            }
        }
    }

    @Override
    public boolean hasTables() {
        return bridges.hasTables();
    }

    /** {@inheritDoc} The chip has no part in interrupts. */
    @Override
    public void initialiseInterrupts() { }

    @Override
    public void disableTranslation() throws StepRefusedException {
        bridges.locate();
        for (int phb = 0; phb < CalgaryRegisters.PHBS; phb++) {
            if (bridges.registers(phb).translates()) {
                port.print(String.format("Calgary: disabling translation on PHB 0x%x!",
                        bridges.firstBus(phb)));
                bridges.registers(phb).translation(false);
                bridges.use(phb, null, 0);
                watched[phb] = false;
            }
            if (bridges.registers(phb).translates()) {
                throw new StepRefusedException("TCE_ENABLE stays 1");
            }
        }
    }

    @Override
    public void startClean() throws StepRefusedException {
        checkDetected();
        startNew(table -> { });
    }

    private void checkDetected() throws StepRefusedException {
        if (notDetected() != null) {
            throw new StepRefusedException(notDetected());
        }
    }

    /** Looks for firmware's table once, and says why there are no chips; null if there are. */
    private String notDetected() {
        if (!hasLooked) {
            hasLooked = true;
            port.print("Calgary: detecting Calgary via BIOS EBDA area");
            missing = RioGrandeTable.missing(port);
            if (missing != null) {
                port.print(missing);
            }
        }
        return missing;
    }

    /** Gives each PHB with agents a new table, which {@code fill} may enter something into. */
    private void startNew(Consumer<TceTable> fill) {
        int size = kernel.sizeOfNew(port.ownMemoryEnd());
        announce(size);
        for (int phb = 0; phb < CalgaryRegisters.PHBS; phb++) {
            int bus = bridges.busOf(phb);
            if (bus != HostBridges.NOBODY) {
                long base = port.allocateLowPages(
                        TableSize.bytes(size) >> TranslationEntry.PAGE_SHIFT);
                bridges.use(phb, new TceTable(port, bus, base, TableSize.entries(size)), size);
                fill.accept(bridges.table(phb));
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
        checkDetected();
        if (!bridges.anyTranslates()) {
            throw new StepRefusedException("translation is not enabled");
        }
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
        for (int phb = 0; phb < CalgaryRegisters.PHBS; phb++) {
            int bus = bridges.busOf(phb);
            if (bus != HostBridges.NOBODY) {
                // get_tce_space_from_tar: a size that is not this kernel's leaves bits behind
                long base = bridges.registers(phb).tar() & CalgaryRegisters.TAR_SOFTWARE & ~size;
                bridges.use(phb, new TceTable(port, bus, base, TableSize.entries(size)), size);
                bridges.table(phb).keepNonZero();
                setUp(phb, bus);
            }
        }
    }

    private void announce(int size) {
        bridges.locate();
        port.print("PCI-DMA: Calgary IOMMU detected.");
        port.print("PCI-DMA: Calgary TCE table spec is " + size);
        port.print("PCI-DMA: Using Calgary IOMMU");
    }

    private void setUp(int phb, int bus) {
        reserve(phb);
        bridges.registers(phb).setTable(bridges.table(phb).base(), bridges.size(phb));
        boolean calIoc2 = bridges.isCalIoc2(bus);
        if (calIoc2) {
            CalIoc2.handleQuirks(bridges.registers(phb));
        } else {
            bridges.registers(phb).handleQuirks(bus);
        }
        port.print(String.format("Calgary: enabling translation on %s PHB 0x%x",
                calIoc2 ? "CalIOC2" : "Calgary", bus));
        port.print("Calgary: errant DMAs will now be prevented on this bus.");
        bridges.registers(phb).translation(true);
        watch(phb, 0);
    }

    private void reserve(int phb) {
        bridges.table(phb).reserveUsual(bridges.isCalIoc2(bridges.table(phb).bus()));
        bridges.registers(phb).reserveWindows(bridges.table(phb));
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
            int bus = bridges.table(phb).bus();
            if (!bridges.registers(phb).watch(bus, bridges.isCalIoc2(bus))) {
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
        return kernel.used() && notDetected() == null;
    }

    @Override
    public DmaOps dmaOps() {
        return dma;
    }

    @Override
    public void map(int requester, long iova, long physicalAddress, long bytes, int access) {
        TceTable table = bridges.tableOf(RequesterId.bus(requester));
        if (table == null) {
            throw new IllegalArgumentException(
                    RequesterId.format(requester) + " is on no PHB that translates");
        }
        table.build((int) (iova >>> TranslationEntry.PAGE_SHIFT),
                (int) (bytes >>> TranslationEntry.PAGE_SHIFT), physicalAddress, access);
    }

    @Override
    public void unmap(int requester, long iova, long bytes) {
        TceTable table = bridges.tableOf(RequesterId.bus(requester));
        if (table != null) {
            table.free((int) (iova >>> TranslationEntry.PAGE_SHIFT),
                    (int) (bytes >>> TranslationEntry.PAGE_SHIFT));
        }
    }

    @Override
    public void flush() { }
}
