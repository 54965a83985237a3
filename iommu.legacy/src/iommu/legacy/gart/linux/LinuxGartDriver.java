// SPDX-License-Identifier: Apache-2.0
package iommu.legacy.gart.linux;

import iommu.api.profile.KernelProfile;
import iommu.api.unit.AdoptDepth;
import iommu.api.unit.DmaOps;
import iommu.api.unit.KernelPanicException;
import iommu.api.unit.KernelPort;
import iommu.api.unit.StepRefusedException;
import iommu.api.unit.UnitDriver;
import iommu.legacy.gart.GartRegisters;
import iommu.legacy.gart.GattEntry;

/**
 * Linux for the GART of one northbridge; what differs by version is in {@link GartKernel}.
 *
 * <ul>
 * <li>{@link #startClean} takes firmware's aperture, or makes one over RAM that is lost, and gives
 * it a table whose entries lead to a scratch page. A kernel that has no use for it, as most capture
 * kernels, refuses.
 * <li>{@link #adoptTables} is refused: no kernel takes a table over.
 * <li>{@link #crash} switches it off in some versions.
 * </ul>
 *
 * <p>Source: Linux, aperture_64.c, gart_iommu_hole_init and allocate_aperture; amd_gart_64.c,
 * gart_iommu_init, gart_iommu_shutdown. A machine has one northbridge with devices here: the tables
 * of several nodes are one in Linux.
 */
public final class LinuxGartDriver implements UnitDriver {

    private static final long LOW_END = 1L << 32;
    private static final long LEAST_APERTURE = 64L << 20;
    private static final int FLUSH_POLLS = 1000;
    private static final long ALL_ERRORS = 0xffff_ffffL;

    private final GartKernel kernel;
    private final KernelPort port;
    private Gatt gatt;
    private GartDma dma;
    /** Where an aperture was found that lies over RAM, and is no RAM any more. */
    private long reserved = -1;
    private KernelPort.Range excluded;

    /**
     * Makes the code of a kernel.
     *
     * @throws IllegalArgumentException if it has a setting that is unknown or out of range
     */
    public LinuxGartDriver(KernelProfile profile, KernelPort port) {
        this.port = port;
        kernel = GartKernel.of(profile);
        port.flushWrites(true); // the table is not cached
    }

    private long read(int offset) {
        return port.readRegister(offset, Integer.BYTES);
    }

    private void write(int offset, long value) {
        port.writeRegister(offset, Integer.BYTES, value);
    }

    private long apertureStart() {
        return GartRegisters.apertureStart(read(GartRegisters.BASE));
    }

    private long apertureBytes() {
        return GartRegisters.apertureBytes(read(GartRegisters.CONTROL));
    }

    private boolean isEnabled() {
        return GartRegisters.GARTEN.isSet(read(GartRegisters.CONTROL));
    }

    private void use(Gatt table) {
        gatt = table;
        dma = new GartDma(kernel, port, table, this::drop);
    }

    @Override
    public void resume() {
        if (isEnabled()) {
            use(new Gatt(port, apertureStart(),
                    GartRegisters.tableAddress(read(GartRegisters.TABLE)),
                    (int) (apertureBytes() >>> GattEntry.PAGE_SHIFT), kernel.skipsFreed()));
            gatt.learn();
        }
    }

    @Override
    public boolean hasTables() {
        return gatt != null;
    }

    @Override
    public void crash() {
        if (kernel.crashDisables() && gatt != null) {
            write(GartRegisters.CONTROL,
                    read(GartRegisters.CONTROL) & ~GartRegisters.GARTEN.mask());
        }
    }

    @Override
    public void shutdown() {
        if (gatt != null) {
            write(GartRegisters.CONTROL,
                    read(GartRegisters.CONTROL) & ~GartRegisters.GARTEN.mask());
        }
    }

    /**
     * {@inheritDoc} An aperture that is on and lies over RAM is reserved, and used on.
     *
     * <p>Source: Linux, early_gart_iommu_check.
     */
    @Override
    public void countMemory() {
        long start = apertureStart();
        if (kernel.reservesFound() && isEnabled() && start != 0
                && start + apertureBytes() <= LOW_END && port.reserve(start, apertureBytes())) {
            port.print("update e820 for GART");
            reserved = start;
        }
    }

    /**
     * {@inheritDoc} A GART has no part in them, but by T4 kernels have said which errors are
     * machine checks.
     *
     * <p>Source: Linux, mce.c, __mcheck_cpu_init_generic; amd.c of x86, "Disable GART TLB Walk
     * Errors on Fam10h", where it is a bit of another register that has the same effect.
     */
    @Override
    public void initialiseInterrupts() {
        write(GartRegisters.MCA_CONTROL,
                GartRegisters.GART_TBL_WK_EN.with(ALL_ERRORS, kernel.reportsWalkErrors() ? 1 : 0));
    }

    /**
     * {@inheritDoc} The aperture is looked for once: as it is found, or as this kernel makes it.
     *
     * <p>Source: Linux, gart_iommu_hole_init, exclude_from_core.
     */
    @Override
    public boolean readsOldMemory(long physicalAddress) {
        if (!kernel.excludesAperture()) {
            return true;
        }
        if (excluded == null) {
            boolean valid = isValid(apertureStart(), apertureBytes());
            excluded = new KernelPort.Range(apertureStart(), valid ? apertureBytes() : 0);
        }
        return physicalAddress < excluded.start()
                || physicalAddress >= excluded.start() + excluded.bytes();
    }

    @Override
    public void disableTranslation() throws StepRefusedException {
        write(GartRegisters.CONTROL, read(GartRegisters.CONTROL) & ~GartRegisters.GARTEN.mask());
        gatt = null;
        dma = null;
        if (isEnabled()) {
            throw new StepRefusedException("GARTEN stays 1");
        }
    }

    @Override
    public void adoptTables(AdoptDepth depth) throws StepRefusedException {
        throw new StepRefusedException("no kernel takes a GATT over");
    }

    // ---- a clean start --------------------------------------------------------------------------

    @Override
    public void startClean() throws StepRefusedException {
        if (!kernel.uses(port.ownMemoryEnd())) {
            throw new StepRefusedException("this kernel has no use for the GART: all of its memory"
                    + " is below 4 GiB, or it is told so");
        }
        start();
    }

    /** {@inheritDoc} Only what goes to the aperture: nothing else goes through its table. */
    @Override
    public void mapScratch() throws StepRefusedException {
        if (!isEnabled()) {
            throw new StepRefusedException("translation is not enabled");
        }
        start();
    }

    private void start() {
        port.print("Checking aperture...");
        port.print(String.format("Node 0: aperture @ %x size %d MB", apertureStart(),
                apertureBytes() >> 20));
        if (!isValid(apertureStart(), apertureBytes())) {
            allocateAperture();
        }
        long bytes = apertureBytes();
        port.print("PCI-DMA: using GART IOMMU.");
        port.print("PCI-DMA: Reserving " + (bytes >> 20) + "MB of IOMMU area in the AGP aperture");
        int entries = (int) (bytes >>> GattEntry.PAGE_SHIFT);
        long table = port.allocatePages(entries * GattEntry.BYTES >> GattEntry.PAGE_SHIFT);
        write(GartRegisters.TABLE, GartRegisters.tableOf(table));
        write(GartRegisters.CONTROL, GartRegisters.DISGARTCPU.with(read(GartRegisters.CONTROL)
                & ~GartRegisters.DISGARTIO.mask(), kernel.disablesProcessor() ? 1 : 0)
                | GartRegisters.GARTEN.mask());
        drop();
        use(new Gatt(port, apertureStart(), table, entries, kernel.skipsFreed()));
        gatt.fill(port.allocateScratchPage());
        drop();
    }

    /** Returns whether an aperture that is found can be used: aperture_valid. */
    private boolean isValid(long start, long bytes) {
        return start != 0 && start + bytes <= LOW_END && bytes >= LEAST_APERTURE
                && (start == reserved || !port.isOwnMemory(start, bytes));
    }

    /**
     * Makes an aperture over RAM, aligned to its size: nobody else gets that RAM. Up to 2.6.36 it
     * is cleared, later it is taken as it is: nobody looks at it but a dump.
     *
     * @throws KernelPanicException if there is no room for it
     */
    private void allocateAperture() {
        long bytes = GartRegisters.apertureBytes(
                GartRegisters.ORDER.with(0, kernel.apertureOrder()));
        long start = lowPages((int) (bytes >>> GattEntry.PAGE_SHIFT));
        port.print("Your BIOS doesn't leave a aperture memory hole");
        port.print(String.format("Mapping aperture over %d KB of RAM @ %x", bytes >> 10, start));
        write(GartRegisters.CONTROL, GartRegisters.ORDER.with(0, kernel.apertureOrder()));
        write(GartRegisters.BASE, GartRegisters.baseOf(start));
    }

    private long lowPages(int count) {
        try {
            long found = port.allocateLowPages(count);
            if (found + ((long) count << GattEntry.PAGE_SHIFT) <= LOW_END) {
                return found;
            }
        } catch (IllegalStateException e) {
            port.print("Cannot allocate aperture memory hole");
        }
        throw new KernelPanicException("Not enough memory for aperture");
    }

    /** Has the northbridge drop what it caches: amd_flush_garts. */
    private void drop() {
        write(GartRegisters.CACHE, GartRegisters.INVGART.mask());
        for (int i = 0; i < FLUSH_POLLS
                && GartRegisters.INVGART.isSet(read(GartRegisters.CACHE)); i++) {
            continue;
        }
    }

    // ---- mappings -------------------------------------------------------------------------------

    @Override
    public boolean remapsDma() {
        return kernel.uses(port.ownMemoryEnd());
    }

    @Override
    public DmaOps dmaOps() {
        return dma;
    }

    /** {@inheritDoc} Addresses of the aperture are given out here alone. */
    @Override
    public void map(int requester, long iova, long physicalAddress, long bytes, int access) {
        throw new IllegalStateException("addresses of the aperture are given out by its kernel");
    }

    @Override
    public void unmap(int requester, long iova, long bytes) {
        throw new IllegalStateException("addresses of the aperture are given out by its kernel");
    }

    @Override
    public void flush() { }

    /** {@inheritDoc} There is no such interrupt. */
    @Override
    public void enableFaultInterrupt() { }

    /** {@inheritDoc} Nobody looks. */
    @Override
    public void handleFaults() { }
}
