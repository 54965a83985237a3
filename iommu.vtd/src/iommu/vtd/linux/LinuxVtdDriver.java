// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.linux;

import iommu.api.profile.KernelProfile;
import iommu.api.profile.KernelProfile.ScalableMode;
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

/**
 * Linux for one VT-d unit, as of 6.1. A unit that does not answer within the kernel's time-out is
 * an {@link IllegalStateException} with the words of its panic.
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
    private final ScalableMode mode;
    private final String unitName;
    private final FaultReport faults;
    private final DomainMappings mappings;
    private Invalidations invalidations;
    private boolean queueAnnounced;

    /** Makes the code of a kernel for a unit called dmar0. */
    public LinuxVtdDriver(KernelProfile kernel, KernelPort port) {
        this(kernel, port, "dmar0");
    }

    /**
     * Makes the code of a kernel.
     *
     * @param unitName as the kernel counts its units
     */
    public LinuxVtdDriver(KernelProfile kernel, KernelPort port, String unitName) {
        this.port = port;
        this.mode = kernel.scalableMode();
        this.unitName = unitName;
        registers = new UnitRegisters(port);
        faults = new FaultReport(port, registers);
        mappings = new DomainMappings(kernel, port, registers);
    }

    @Override
    public void resume() {
        if (registers.status(GlobalCommand.QIE)) {
            var ring = new InvalidationRing(port, registers);
            ring.resume();
            invalidations = ring;
        } else {
            invalidations = new RegisterInvalidations(registers);
        }
        queueAnnounced = true;
        long root = registers.read(VtdRegisters.RTADDR);
        long table = VtdRegisters.RTA.inPlace(root);
        if (registers.status(GlobalCommand.TE) && port.isMemory(table, 4096)) {
            mappings.resume(new ContextTables(port, table, VtdRegisters.TTM.of(root) == 1),
                    invalidations);
        }
    }

    @Override
    public void initialiseInterrupts() {
        if (!ExtendedCapability.IR.isSet(registers.ecap())) {
            return;
        }
        initialiseQueue();
        new InterruptTable(port, registers, unitName).install(invalidations);
    }

    /** Clears faults, takes a left-over queue out of use and sets up this kernel's, once. */
    private void initialiseQueue() {
        if (invalidations != null) {
            return;
        }
        faults.handle();
        InvalidationRing.disableLeftOver(port, registers);
        if (ExtendedCapability.QI.isSet(registers.ecap())) {
            var ring = new InvalidationRing(port, registers);
            ring.enable();
            invalidations = ring;
        } else {
            invalidations = new RegisterInvalidations(registers);
        }
    }

    /** What T6 does first in any case. */
    private void beginRemapping() {
        initialiseQueue();
        if (!queueAnnounced) {
            queueAnnounced = true;
            port.print("DMAR: " + unitName + ": Using "
                    + (invalidations instanceof InvalidationRing ? "Queued" : "Register based")
                    + " invalidation");
        }
    }

    @Override
    public void disableTranslation() throws StepRefusedException {
        registers.enable(GlobalCommand.TE, false);
    }

    @Override
    public void startClean() throws StepRefusedException {
        beginRemapping();
        boolean scalable = scalableWanted();
        if (scalable && !ExtendedCapability.SLTS.isSet(registers.ecap())) {
            throw new StepRefusedException("scalable mode without second-stage translation");
        }
        if (registers.status(GlobalCommand.TE)) {
            disableTranslation();
        }
        setRoot(new ContextTables(port, port.allocatePages(ROOT_PAGES), scalable), new BitSet());
        registers.enable(GlobalCommand.TE, true);
    }

    @Override
    public void adoptTables(AdoptDepth depth) throws StepRefusedException {
        if (depth != AdoptDepth.CONTEXTS) {
            throw new StepRefusedException("Linux copies root and context tables, not " + depth);
        }
        beginRemapping();
        if (!registers.status(GlobalCommand.TE)) {
            throw new StepRefusedException("translation is not enabled");
        }
        port.print("DMAR: Translation already enabled - trying to copy translation structures");
        long old = registers.read(VtdRegisters.RTADDR);
        boolean scalable = VtdRegisters.TTM.of(old) == 1;
        long from = VtdRegisters.RTA.inPlace(old);
        if (scalable != scalableWanted()) {
            throw copyFailed("the translation table mode can only be changed while translation"
                    + " is disabled");
        }
        if (from == 0 || !port.isMemory(from, 4096)) {
            throw copyFailed("the old root table cannot be read");
        }
        var copied = new BitSet();
        long root = port.allocatePages(ROOT_PAGES);
        new TableCopy(port, unitName, mappings.ids(), copied).copy(from, root, scalable);
        port.print("DMAR: Copied translation tables from previous kernel for " + unitName);
        setRoot(new ContextTables(port, root, scalable), copied);
    }

    private StepRefusedException copyFailed(String reason) {
        String line = "Failed to copy translation tables from previous kernel for " + unitName;
        port.print("DMAR: " + line);
        return new StepRefusedException(line + ": " + reason);
    }

    private boolean scalableWanted() {
        boolean can = ExtendedCapability.SMTS.isSet(registers.ecap());
        return can && switch (mode) {
            case OFF -> false;
            case ON -> true;
            case AS_FOUND -> VtdRegisters.TTM.of(registers.read(VtdRegisters.RTADDR)) == 1;
        };
    }

    /** Sets the root table pointer and drops what the unit kept of the old tables. */
    private void setRoot(ContextTables tables, BitSet copied) {
        registers.flushWriteBuffer();
        registers.write(VtdRegisters.RTADDR,
                VtdRegisters.TTM.with(tables.root(), tables.scalable() ? 1 : 0));
        registers.once(GlobalCommand.SRTP);
        if (!Capability.ESRTPS.isSet(registers.cap())) {
            invalidations.context(InvalidationDescriptor.GLOBAL, 0, 0);
            if (tables.scalable()) {
                invalidations.pasidCache();
            }
            invalidations.iotlb(InvalidationDescriptor.GLOBAL, 0, 0, 0, false);
        }
        mappings.use(tables, invalidations, copied);
    }

    @Override
    public void enableFaultInterrupt() {
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
