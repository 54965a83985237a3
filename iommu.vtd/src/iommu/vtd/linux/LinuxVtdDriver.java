// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.linux;

import iommu.api.pcie.Message;
import iommu.api.pcie.RequesterId;
import iommu.api.profile.KernelOption;
import iommu.api.profile.KernelProfile;
import iommu.api.unit.AdoptDepth;
import iommu.api.unit.KernelPort;
import iommu.api.unit.StepRefusedException;
import iommu.api.unit.UnitDriver;
import iommu.vtd.Capability;
import iommu.vtd.ExtendedCapability;
import iommu.vtd.GlobalCommand;
import iommu.vtd.InvalidationDescriptor;
import iommu.vtd.VtdRegisters;
import java.util.BitSet;
import java.util.List;
import java.util.Set;

/**
 * Linux for one VT-d unit; what a version does otherwise is in {@link KernelQuirks}. A unit that
 * does not answer within the kernel's time-out is an {@link IllegalStateException} with the words
 * of its panic.
 *
 * <p>Source: Linux, intel/iommu.c, init_dmars, copy_translation_tables, iommu_set_root_entry.
 */
public final class LinuxVtdDriver implements UnitDriver {

    /** Where this kernel's fault message goes: the values of the recorded hand-over. */
    private static final long FAULT_MESSAGE_ADDRESS = 0xfee0_1004L;
    private static final long FAULT_MESSAGE_DATA = 0x21;
    private static final int ROOT_PAGES = 1;

    private final KernelPort port;
    private final UnitRegisters registers;
    private final String kernelName;
    private final KernelQuirks quirks;
    private final String unitName;
    private final FaultReport faults;
    private final DomainMappings mappings;
    private Invalidations invalidations;
    private InterruptTable interrupts;
    private boolean queueAnnounced;
    private boolean faultInterrupt;

    /**
     * Makes the code of a kernel for a unit called dmar0.
     *
     * @throws IllegalArgumentException if a setting of the kernel's is unknown or out of range
     */
    public LinuxVtdDriver(KernelProfile kernel, KernelPort port) {
        this(kernel, port, "dmar0");
    }

    /**
     * Makes the code of a kernel.
     *
     * @param unitName as the kernel counts its units
     * @throws IllegalArgumentException if a setting of the kernel's is unknown or out of range
     */
    public LinuxVtdDriver(KernelProfile kernel, KernelPort port, String unitName) {
        this.port = port;
        this.kernelName = kernel.name();
        this.quirks = KernelQuirks.of(kernel);
        this.unitName = unitName;
        registers = new UnitRegisters(port, quirks.loadsStatus());
        faults = new FaultReport(port, registers, quirks.lines());
        mappings = new DomainMappings(kernel, quirks, port, registers);
    }

    /** Returns the names of the kernel settings that it knows; {@link KernelQuirks} tells them. */
    public static Set<String> settings() {
        return KernelQuirks.KNOWN;
    }

    /** Returns what a kernel's command line says of these settings. */
    public static List<KernelOption> options(String commandLine) {
        return CommandLine.options(commandLine);
    }

    @Override
    public void resume() {
        registers.resume();
        if (registers.status(GlobalCommand.QIE)) {
            var ring = new InvalidationRing(port, registers, quirks);
            ring.resume();
            invalidations = ring;
        } else {
            invalidations = new RegisterInvalidations(registers);
        }
        queueAnnounced = true;
        long root = registers.read(VtdRegisters.RTADDR);
        long table = VtdRegisters.RTA.inPlace(root);
        if (registers.status(GlobalCommand.TE) && port.isMemory(table, 4096)) {
            mappings.resume(new ContextTables(port, table, isScalable(root)), invalidations);
        }
    }

    @Override
    public boolean hasTables() {
        return mappings.hasTables();
    }

    @Override
    public void initialiseInterrupts() {
        if (!ExtendedCapability.IR.isSet(registers.ecap())) {
            return;
        }
        initialiseQueue(!quirks.copiesInterruptTable());
        interrupts = new InterruptTable(port, registers, unitName, quirks.copiesTables());
        interrupts.install(invalidations);
        enableFaultInterrupt();
        faults.handle();
    }

    /**
     * Clears faults, takes a left-over queue out of use and sets up this kernel's, once.
     *
     * @param disableInterrupts whether interrupt remapping goes off before the queue does
     */
    private void initialiseQueue(boolean disableInterrupts) {
        if (invalidations != null) {
            return;
        }
        faults.handle();
        if (disableInterrupts) {
            InterruptTable.disableLeftOver(registers);
        }
        InvalidationRing.disableLeftOver(port, registers);
        if (ExtendedCapability.QI.isSet(registers.ecap())) {
            var ring = new InvalidationRing(port, registers, quirks);
            ring.enable();
            invalidations = ring;
        } else {
            invalidations = new RegisterInvalidations(registers);
        }
    }

    /** What T6 does first in any case. */
    private void beginRemapping() {
        initialiseQueue(false);
        if (!queueAnnounced) {
            queueAnnounced = true;
            String how = (invalidations instanceof InvalidationRing ? "Queued" : "Register based")
                    + " invalidation";
            // The earlier words are those of 4.0 and 4.1.
            port.print(quirks.copiesTables() ? "DMAR: " + unitName + ": Using " + how
                    : "IOMMU: " + unitName + " using " + how);
        }
    }

    @Override
    public void disableTranslation() throws StepRefusedException {
        if (quirks.loadsStatus() || registers.status(GlobalCommand.TE)) {
            registers.enable(GlobalCommand.TE, false);
        }
    }

    @Override
    public void startClean() throws StepRefusedException {
        beginRemapping();
        boolean scalable = scalableWanted();
        if (scalable && !hasStageToUse()) {
            throw new StepRefusedException(
                    "scalable mode without a stage of translation that this kernel uses");
        }
        if (registers.status(GlobalCommand.TE)) {
            disableTranslation();
        }
        ContextTables tables =
                new ContextTables(port, port.allocatePages(ROOT_PAGES), scalable);
        setRoot(tables);
        mappings.use(tables, invalidations, new BitSet(), false);
        mappings.probeFunctions(quirks.attachesAtStart());
        registers.enable(GlobalCommand.TE, true);
    }

    @Override
    public void adoptTables(AdoptDepth depth) throws StepRefusedException {
        if (depth == AdoptDepth.CONTEXTS && !quirks.copiesTables()) {
            throw new StepRefusedException(kernelName
                    + " does not copy translation tables, kernels do from 4.2 on");
        }
        beginRemapping();
        if (!registers.status(GlobalCommand.TE)) {
            throw new StepRefusedException("translation is not enabled");
        }
        port.print("DMAR: Translation already enabled - trying to copy translation structures");
        long old = registers.read(VtdRegisters.RTADDR);
        long from = VtdRegisters.RTA.inPlace(old);
        if (isScalable(old) != scalableWanted()) {
            throw copyFailed("the translation table mode can only be changed while translation"
                    + " is disabled");
        }
        if (from == 0 || !port.isMemory(from, 4096)) {
            throw copyFailed("the old root table cannot be read");
        }
        var adoption = new Adoption(port, quirks, unitName, mappings.ids(), depth);
        ContextTables tables;
        try {
            tables = adoption.take(from, isScalable(old));
        } catch (IllegalStateException e) {
            throw copyFailed(e.getMessage());
        }
        port.print("DMAR: Copied translation tables from previous kernel for " + unitName);
        if (adoption.movesRoot()) {
            setRoot(tables);
        } else {
            invalidateAll(tables);
        }
        mappings.use(tables, invalidations, adoption.sources(), adoption.marks());
        mappings.probeFunctions(false);
    }

    /** Returns what this kernel takes the tables for. */
    private boolean isScalable(long rootPointer) {
        return quirks.knowsScalableMode() && VtdRegisters.TTM.of(rootPointer) == 1;
    }

    private StepRefusedException copyFailed(String reason) {
        String line = "Failed to copy translation tables from previous kernel for " + unitName;
        port.print("DMAR: " + line);
        return new StepRefusedException(line + ": " + reason);
    }

    private boolean hasStageToUse() {
        return ExtendedCapability.SLTS.isSet(registers.ecap())
                || quirks.usesFirstStage() && ExtendedCapability.FLTS.isSet(registers.ecap());
    }

    private boolean scalableWanted() {
        boolean can = quirks.knowsScalableMode()
                && ExtendedCapability.SMTS.isSet(registers.ecap());
        return can && switch (quirks.scalableMode()) {
            case OFF -> false;
            case ON -> true;
            case AS_FOUND -> isScalable(registers.read(VtdRegisters.RTADDR));
        };
    }

    /** Sets the root table pointer and drops what the unit kept of the old tables. */
    private void setRoot(ContextTables tables) {
        registers.flushWriteBuffer();
        registers.write(VtdRegisters.RTADDR,
                VtdRegisters.TTM.with(tables.root(), tables.scalable() ? 1 : 0));
        registers.once(GlobalCommand.SRTP);
        if (!Capability.ESRTPS.isSet(registers.cap())) {
            invalidateAll(tables);
        }
    }

    private void invalidateAll(ContextTables tables) {
        invalidations.context(InvalidationDescriptor.GLOBAL, 0, 0);
        if (tables.scalable()) {
            invalidations.pasidCache();
        }
        invalidations.iotlb(InvalidationDescriptor.GLOBAL, 0, 0, 0, false);
    }

    @Override
    public Message interruptMessage(int requester, int vector) {
        List<Integer> sources = port.sourceIds(requester);
        return interrupts == null ? null
                : interrupts.allocate(
                        RequesterId.sourceId(sources.get(sources.size() - 1)), vector);
    }

    @Override
    public boolean faultInterruptEnabled() {
        return faultInterrupt;
    }

    @Override
    public void enableFaultInterrupt() {
        if (faultInterrupt) {
            return;
        }
        faultInterrupt = true;
        registers.write(VtdRegisters.FEDATA, FAULT_MESSAGE_DATA);
        registers.write(VtdRegisters.FEADDR, FAULT_MESSAGE_ADDRESS);
        registers.write(VtdRegisters.FEUADDR, 0);
        registers.write(VtdRegisters.FECTL, 0);
        registers.read(VtdRegisters.FECTL);
    }

    @Override
    public void handleFaults() {
        faults.handle();
    }

    @Override
    public int domain(int requester) {
        return mappings.domain(requester).id();
    }

    @Override
    public void map(int requester, long iova, long physicalAddress, long bytes, int access) {
        mappings.map(requester, iova, physicalAddress, bytes, access);
    }

    @Override
    public void unmap(int requester, long iova, long bytes) {
        mappings.unmap(requester, iova, bytes);
    }

    @Override
    public void flush() {
        mappings.flush();
    }
}
