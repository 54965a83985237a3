// SPDX-License-Identifier: Apache-2.0
package iommu.amdvi.linux;

import iommu.amdvi.AmdViRegisters;
import iommu.amdvi.Control;
import iommu.amdvi.DeviceTableEntry;
import iommu.amdvi.ExtendedFeature;
import iommu.api.pcie.Message;
import iommu.api.pcie.RequesterId;
import iommu.api.profile.KernelOption;
import iommu.api.profile.KernelProfile;
import iommu.api.unit.AdoptDepth;
import iommu.api.unit.IovaOrder;
import iommu.api.unit.KernelPort;
import iommu.api.unit.StepRefusedException;
import iommu.api.unit.UnitDriver;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;

/**
 * Linux for one AMD-Vi unit; what differs by version is in {@link KernelQuirks}. On AMD the
 * hand-over lies at T4 already: interrupt tables hang off the device table, so that interrupt
 * remapping cannot be set up without it.
 *
 * <ul>
 * <li>{@link #initialiseInterrupts} is early_enable_iommus: on a unit that is enabled it copies the
 * device table, gives the unit command buffer and event log of this kernel, and flushes, IommuEn
 * staying 1. A unit that is off is left alone. If the copy is refused, the unit starts clean there
 * and then: devices pass until T6.
 * <li>{@link #adoptTables} is amd_iommu_init_pci at T6: devices without entry are blocked, and
 * everything is flushed once more. It is refused if the copy was, and {@link #startClean} then
 * finishes what was started.
 * <li>{@link #disableTranslation} and {@link #startClean} are disable_iommus and
 * early_enable_iommu with an empty table, in which all devices are blocked.
 * </ul>
 *
 * <p>Source: Linux 6.1, amd/init.c, early_enable_iommus, amd_iommu_init_pci, iommu_disable; the
 * order of register writes is that of the recorded hand-over.
 */
public final class LinuxAmdViDriver implements UnitDriver {

    private final KernelPort port;
    private final KernelQuirks quirks;
    private final UnitRegisters registers;
    private final long expectedBytes;
    private final EventReport events;
    private final FreshTable fresh;
    private final DomainMappings mappings;
    private final InterruptTables interrupts;
    private CommandRing commands;
    private DeviceEntries entries;
    private String refusal;
    private boolean announced;
    private boolean remapsInterrupts;
    /** Started clean at T4, and not finished with since. */
    private boolean started;

    /** Makes the code of a kernel that takes a device table of any size. */
    public LinuxAmdViDriver(KernelProfile kernel, KernelPort port) {
        this(kernel, port, 0);
    }

    /**
     * Makes the code of a kernel.
     *
     * @param expectedBytes size of the device table that this kernel computes from IVRS; it copies
     *     no table of another size; 0 for the size it finds
     */
    public LinuxAmdViDriver(KernelProfile kernel, KernelPort port, long expectedBytes) {
        this.port = port;
        quirks = KernelQuirks.of(kernel);
        this.expectedBytes = expectedBytes;
        registers = new UnitRegisters(port);
        events = new EventReport(port, registers);
        mappings = new DomainMappings(kernel, quirks, port);
        fresh = new FreshTable(port, quirks, registers, events, mappings, expectedBytes);
        interrupts = new InterruptTables(port, registers, quirks.interruptTableLength());
    }

    /** Returns the names of the kernel settings that this code knows. */
    public static Set<String> settings() {
        return KernelSetting.keys();
    }

    /** Returns what a kernel's command line says of these settings. */
    public static List<KernelOption> options(String commandLine) {
        return CommandLine.options(commandLine);
    }

    @Override
    public IovaOrder iovaOrder(int requester) {
        return mappings.iovaOrder();
    }

    @Override
    public void resume() {
        long register = registers.read(AmdViRegisters.DEV_TAB);
        long base = AmdViRegisters.BASE.inPlace(register);
        long bytes = AmdViRegisters.deviceTableBytes(register);
        if (registers.enabled() && port.isMemory(base, bytes)) {
            commands = new CommandRing(port, registers);
            if (registers.control(Control.CMD_BUF_EN)) {
                commands.resume();
            } else {
                // Registers that were made up for a dump name no buffers.
                commands.enable();
                events.enable();
            }
            entries = new DeviceEntries(port, base, (int) (bytes / DeviceTableEntry.BYTES));
            mappings.resume(entries, commands);
            announced = true;
        }
    }

    @Override
    public boolean hasTables() {
        return entries != null;
    }

    // ---- T4 -------------------------------------------------------------------------------------

    /** {@inheritDoc} Where interrupts are not remapped nothing is done before T6. */
    @Override
    public void initialiseInterrupts() {
        findInterrupts();
        if (remapsInterrupts) {
            takeOver();
        }
    }

    private void findInterrupts() {
        if (commands == null) {
            remapsInterrupts |= quirks.remapsInterrupts()
                    && InterruptTables.inUse(port, registers);
        }
    }

    private void takeOver() {
        if (commands == null && registers.enabled() && quirks.enablesEarly()) {
            handOver();
        }
    }

    /** Takes the unit over, or starts it clean where that is not done or not possible. */
    private void handOver() {
        events.defer(quirks.enablesEventsLate());
        var handover = new LinuxHandover(port, quirks, registers, expectedBytes, events, mappings);
        long register = registers.read(AmdViRegisters.DEV_TAB);
        if (quirks.isKdump()) {
            switch (quirks.handOver()) {
                case CLEAN -> { }
                case COPY -> handover.copy();
                case IN_PLACE -> handover.reuse();
                default -> throw new AssertionError(quirks.handOver());
            }
        }
        commands = handover.commands();
        entries = handover.entries();
        refusal = handover.refusal();
        if (entries == null) {
            registers.switchOff();
            startEmpty(false);
            LinuxHandover.flush(commands, register);
            started = true;
        }
    }

    // ---- T6 -------------------------------------------------------------------------------------

    /**
     * Goes on with entries and page tables of the kernel before, in copies or where they lie,
     * whatever this version does by itself. Interrupts that were set up stay as they were.
     */
    private void takeAll(AdoptDepth depth) throws StepRefusedException {
        checkFound();
        findInterrupts();
        events.defer(false);
        var handover = new LinuxHandover(port, quirks, registers, expectedBytes, events, mappings);
        handover.takeAll(depth.copiesPageTables(), depth.keepsDomains());
        if (handover.entries() == null) {
            throw new StepRefusedException(handover.refusal());
        }
        commands = handover.commands();
        entries = handover.entries();
        entries.blockOthers();
        commands.flushAll(entries.count());
        announce();
    }

    /** Refuses what is only done to a unit as it is found: on, and with tables of others. */
    private void checkFound() throws StepRefusedException {
        if (!registers.enabled()) {
            throw new StepRefusedException("translation is not enabled");
        }
        if (commands != null) {
            throw new StepRefusedException("the unit was taken over at T4 already");
        }
    }

    @Override
    public void startBlocked() throws StepRefusedException {
        beginKeptOn(table -> { });
    }

    @Override
    public void mapScratch() throws StepRefusedException {
        beginKeptOn(table -> mappings.installScratch(table, port.functions()));
    }

    /** Gives the unit a table of this kernel, IommuEn staying 1. */
    private void beginKeptOn(Consumer<DeviceEntries> fill) throws StepRefusedException {
        checkFound();
        findInterrupts();
        events.defer(false);
        long found = registers.read(AmdViRegisters.DEV_TAB);
        fresh.exchange(fill);
        entries = fresh.entries();
        commands = fresh.commands();
        fresh.check();
        LinuxHandover.flush(commands, found);
        commands.flushAll(entries.count());
        announce();
    }

    @Override
    public void block(int requester) throws StepRefusedException {
        if (entries == null) {
            throw new StepRefusedException("the unit has no table of this kernel");
        }
        mappings.block(requester);
    }

    @Override
    public List<KernelPort.Range> keptRanges(int requester) {
        return mappings.keptRanges(requester);
    }

    @Override
    public void adoptTables(AdoptDepth depth) throws StepRefusedException {
        if (depth.keepsDomains() || depth.copiesPageTables()) {
            takeAll(depth);
            return;
        }
        AdoptDepth own = switch (quirks.handOver()) {
            case CLEAN -> null;
            case COPY -> AdoptDepth.CONTEXTS;
            case IN_PLACE -> AdoptDepth.IN_PLACE;
        };
        if (depth != own) {
            throw new StepRefusedException("Linux " + quirks.version() + " on AMD-Vi "
                    + (own == null ? "takes over no device table"
                    : own == AdoptDepth.CONTEXTS ? "copies the device table, not " + depth
                    : "reuses the device table in place, not " + depth));
        }
        if (!registers.enabled()) {
            throw new StepRefusedException("translation is not enabled");
        }
        findInterrupts();
        takeOver();
        if (refusal != null) {
            throw new StepRefusedException(refusal);
        }
        events.finish();
        entries.blockOthers();
        commands.flushAll(entries.count());
        announce();
    }

    private void announce() {
        if (!announced) {
            announced = true;
            long low = registers.read(AmdViRegisters.EXTENDED_FEATURE);
            long high = registers.read(AmdViRegisters.EXTENDED_FEATURE2);
            port.print(String.format("AMD-Vi: Extended features (0x%x, 0x%x): %s", low, high,
                    String.join(" ", ExtendedFeature.names(low))));
            port.print("AMD-Vi: Interrupt remapping enabled");
        }
    }

    @Override
    public void disableTranslation() throws StepRefusedException {
        registers.switchOff();
        started = false;
        if (registers.enabled()) {
            throw new StepRefusedException("IommuEn stays 1");
        }
    }

    /** {@inheritDoc} Source: Linux, x86_platform.iommu_shutdown is disable_iommus. */
    @Override
    public void shutdown() {
        if (entries != null) {
            registers.switchOff();
        }
    }

    @Override
    public void crash() {
        if (quirks.crashDisables() && registers.enabled()) {
            registers.switchOff();
        }
    }

    /**
     * {@inheritDoc} A unit that was started clean at T4 is only finished with: what has no entry is
     * blocked from now on.
     */
    @Override
    public void startClean() throws StepRefusedException {
        if (started) {
            started = false;
            events.finish();
            entries.blockOthers();
        } else {
            events.defer(false);
            if (registers.enabled()) {
                disableTranslation();
            }
            startEmpty(true);
        }
        if (!keepsBases()) {
            fresh.check();
        }
        if (!quirks.attachesFirst()) {
            commands.flushAll(entries.count());
        }
        if (!quirks.attachesFirst() && !quirks.enablesEarly()) {
            mappings.attach(port.functions());
        }
        announce();
    }

    /** Once it found that it could not reuse the table, a kernel still writes no base. */
    private boolean keepsBases() {
        return quirks.handOver() == KernelQuirks.HandOver.IN_PLACE && refusal != null;
    }

    private void startEmpty(boolean blocked) {
        fresh.start(blocked, keepsBases());
        entries = fresh.entries();
        commands = fresh.commands();
    }

    @Override
    public Message interruptMessage(int requester, int vector) {
        List<Integer> sources = port.sourceIds(requester);
        return controllerMessage(sources.get(sources.size() - 1), InterruptTables.NEXT, vector);
    }

    @Override
    public Message controllerMessage(int source, int input, int vector) {
        return entries == null || !remapsInterrupts ? null : interrupts.allocate(
                RequesterId.sourceId(source), input, vector, entries, commands);
    }

    @Override
    public void enableFaultInterrupt() {
        registers.feature(Control.EVENT_INT_EN, true);
    }

    @Override
    public void handleFaults() {
        events.handle();
    }

    // ---- mappings -------------------------------------------------------------------------------

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
    public boolean remapsDma() {
        return quirks.disabled() == KernelQuirks.Disabled.NO;
    }

    @Override
    public boolean wantsAccessControl() {
        return remapsDma();
    }

    @Override
    public void flush() {
        mappings.flush();
    }
}
