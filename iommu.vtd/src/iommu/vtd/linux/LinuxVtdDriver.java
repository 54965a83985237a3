// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.linux;

import iommu.api.pcie.Message;
import iommu.api.pcie.RequesterId;
import iommu.api.profile.KernelOption;
import iommu.api.profile.KernelProfile;
import iommu.api.unit.AdoptDepth;
import iommu.api.unit.IovaOrder;
import iommu.api.unit.KernelPort;
import iommu.api.unit.StepRefusedException;
import iommu.api.unit.UnitDriver;
import iommu.vtd.ExtendedCapability;
import iommu.vtd.GlobalCommand;
import iommu.vtd.VtdRegisters;
import iommu.vtd.linux.settings.CommandLine;
import iommu.vtd.linux.settings.KernelQuirks;
import java.util.List;
import java.util.Set;

/**
 * Linux for one VT-d unit; what a version does otherwise is in {@link KernelQuirks}. A unit that
 * does not answer within the kernel's time-out is an {@link IllegalStateException} with the words
 * of its panic.
 *
 * <p>Source: Linux, intel/iommu.c, init_dmars; intel/dmar.c; intel/irq_remapping.c.
 */
public final class LinuxVtdDriver implements UnitDriver {

    /** Where this kernel's fault message goes: the values of the recorded hand-over. */
    private static final long FAULT_MESSAGE_ADDRESS = 0xfee0_1004L;
    private static final long FAULT_MESSAGE_DATA = 0x21;

    private final KernelPort port;
    private final UnitRegisters registers;
    private final KernelQuirks quirks;
    private final String unitName;
    private final FaultReport faults;
    private final DomainMappings mappings;
    private final TableSetup setup;
    private Invalidations invalidations;
    private InterruptTable interrupts;
    private boolean queueAnnounced;
    private boolean faultInterrupt;

    /**
     * Makes the code of a kernel for a unit, called dmar0 and so on as the kernel counts units.
     *
     * @throws IllegalArgumentException if a setting of the kernel's is unknown or out of range
     */
    public LinuxVtdDriver(KernelProfile kernel, KernelPort port) {
        this(kernel, port, "dmar" + port.unitNumber());
    }

    /**
     * Makes the code of a kernel.
     *
     * @param unitName as the kernel counts its units
     * @throws IllegalArgumentException if a setting of the kernel's is unknown or out of range
     */
    public LinuxVtdDriver(KernelProfile kernel, KernelPort port, String unitName) {
        this.port = port;
        this.quirks = KernelQuirks.of(kernel);
        this.unitName = unitName;
        registers = new UnitRegisters(port, quirks.loadsStatus());
        faults = new FaultReport(port, registers, quirks.lines());
        mappings = new DomainMappings(kernel, quirks, port, registers);
        setup = new TableSetup(kernel.name(), port, registers, quirks, unitName, mappings);
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
        setup.invalidateBy(invalidations);
        setup.resume();
    }

    @Override
    public boolean hasTables() {
        return mappings.hasTables();
    }

    /** {@inheritDoc} Source: Linux, intel_iommu_shutdown, intel_disable_iommus. */
    @Override
    public void shutdown() {
        if (quirks.shutdownDisables() && mappings.hasTables()) {
            registers.enable(GlobalCommand.TE, false);
        }
    }

    @Override
    public void initialiseInterrupts() {
        if (!quirks.options().remapsInterrupts()
                || !ExtendedCapability.IR.isSet(registers.ecap())) {
            return;
        }
        setInterruptTable(InterruptTable.extended(registers, quirks.options()));
        enableInterrupts();
        port.print(interrupts.announcement());
    }

    @Override
    public void setInterruptTable(boolean extended) {
        initialiseQueue(!quirks.copiesInterruptTable());
        interrupts = new InterruptTable(port, registers, unitName, quirks);
        interrupts.install(invalidations, extended);
    }

    @Override
    public void enableInterrupts() {
        interrupts.enable();
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
        setup.invalidateBy(invalidations);
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
        setup.checkStage();
        if (registers.status(GlobalCommand.TE)) {
            disableTranslation();
        }
        setup.allocate();
        setup.set();
        setup.probe();
        setup.enable();
    }

    @Override
    public void adoptTables(AdoptDepth depth) throws StepRefusedException {
        copyTables(depth);
        setup.set();
        setup.probe();
    }

    @Override
    public void startBlocked() throws StepRefusedException {
        setup.checkModeStays();
        beginRemapping();
        setup.allocate();
        setup.set();
        setup.probe();
    }

    @Override
    public void mapScratch() throws StepRefusedException {
        setup.checkModeStays();
        beginRemapping();
        setup.scratch();
        setup.set();
        setup.probe();
    }

    @Override
    public void block(int requester) throws StepRefusedException {
        mappings.block(requester);
    }

    @Override
    public List<KernelPort.Range> keptRanges(int requester) {
        return mappings.keptRanges(requester);
    }

    @Override
    public void allocateTables() throws StepRefusedException {
        beginRemapping();
        setup.allocate();
    }

    @Override
    public void copyTables(AdoptDepth depth) throws StepRefusedException {
        setup.checkDepth(depth);
        beginRemapping();
        setup.copy(depth);
    }

    @Override
    public void setTables() throws StepRefusedException {
        setup.set();
    }

    @Override
    public void probeFunctions() throws StepRefusedException {
        setup.probe();
    }

    @Override
    public void enableTranslation() throws StepRefusedException {
        setup.enable();
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
    public IovaOrder iovaOrder(int requester) {
        return mappings.iovaOrder();
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
    public boolean remapsDma() {
        return quirks.options().remapsDma();
    }

    @Override
    public boolean wantsAccessControl() {
        return remapsDma();
    }

    @Override
    public boolean passesThrough() {
        return mappings.passesThrough();
    }

    @Override
    public void flush() {
        mappings.flush();
    }
}
