// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.linux;

import iommu.api.unit.AdoptDepth;
import iommu.api.unit.KernelPort;
import iommu.api.unit.StepRefusedException;
import iommu.vtd.Capability;
import iommu.vtd.ExtendedCapability;
import iommu.vtd.GlobalCommand;
import iommu.vtd.InvalidationDescriptor;
import iommu.vtd.VtdRegisters;
import iommu.vtd.linux.settings.KernelQuirks;
import java.util.BitSet;

/**
 * How a unit gets its tables, pass by pass: empty or copied ones are made ready, the unit is
 * pointed to them, functions are found, translation is switched on.
 *
 * <p>Source: Linux, intel/iommu.c, init_dmars, copy_translation_tables, iommu_set_root_entry,
 * intel_iommu_init.
 */
final class TableSetup {

    private static final int ROOT_PAGES = 1;
    private static final String MODE_STAYS =
            "the translation table mode can only be changed while translation is disabled";

    private final KernelPort port;
    private final UnitRegisters registers;
    private final String kernelName;
    private final KernelQuirks quirks;
    private final String unitName;
    private final DomainMappings mappings;
    private Invalidations invalidations;
    /** Made ready in pass 1; null before it. */
    private Ready ready;
    private boolean set;

    /**
     * Tables that a unit is to use.
     *
     * @param copied sources whose entries are the kernel's before
     * @param marked whether a mark in the entries tells so
     * @param moves whether the unit must be told of another root table
     * @param pristine whether they were empty
     * @param kept what stays mapped in the domains of the kernel before
     */
    private record Ready(ContextTables tables, BitSet copied, boolean marked, boolean moves,
            boolean pristine, KeptMappings kept) { }

    TableSetup(String kernelName, KernelPort port, UnitRegisters registers, KernelQuirks quirks,
            String unitName, DomainMappings mappings) {
        this.kernelName = kernelName;
        this.port = port;
        this.registers = registers;
        this.quirks = quirks;
        this.unitName = unitName;
        this.mappings = mappings;
    }

    /** Says by what caches are invalidated from now on. */
    void invalidateBy(Invalidations by) {
        invalidations = by;
    }

    /** Goes on with tables that this very kernel had set up before it was imported. */
    void resume() {
        long root = registers.read(VtdRegisters.RTADDR);
        long table = VtdRegisters.RTA.inPlace(root);
        if (registers.status(GlobalCommand.TE) && port.isMemory(table, 4096)) {
            mappings.resume(new ContextTables(port, table, isScalable(root)), invalidations);
        }
    }

    /** Refuses a unit that this kernel cannot use in the mode that it wants. */
    void checkStage() throws StepRefusedException {
        if (scalableWanted() && !hasStageToUse()) {
            throw new StepRefusedException(
                    "scalable mode without a stage of translation that this kernel uses");
        }
    }

    /** Makes empty tables ready. */
    void allocate() throws StepRefusedException {
        checkStage();
        ready = new Ready(new ContextTables(port, port.allocatePages(ROOT_PAGES),
                scalableWanted()), new BitSet(), false, true, true, KeptMappings.NONE);
    }

    /**
     * Makes tables ready in which every function that the unit serves has all its addresses lead to
     * one page, under one domain id. Requests of anybody else are blocked.
     */
    void scratch() throws StepRefusedException {
        checkStage();
        var tables = new ContextTables(port, port.allocatePages(ROOT_PAGES), scalableWanted());
        BitSet sources = mappings.installScratch(tables);
        ready = new Ready(tables, sources, false, true, false, KeptMappings.NONE);
    }

    /** Refuses a unit that could get tables of this kernel only with translation off meanwhile. */
    void checkModeStays() throws StepRefusedException {
        if (!registers.status(GlobalCommand.TE)) {
            throw new StepRefusedException("translation is not enabled");
        }
        if (isScalable(registers.read(VtdRegisters.RTADDR)) != scalableWanted()) {
            throw new StepRefusedException(MODE_STAYS);
        }
        checkStage();
    }

    /** Refuses a depth that this kernel does not know, before anything is touched. */
    void checkDepth(AdoptDepth depth) throws StepRefusedException {
        if (depth == AdoptDepth.CONTEXTS && !quirks.copiesTables()) {
            throw new StepRefusedException(kernelName
                    + " does not copy translation tables, kernels do from 4.2 on");
        }
    }

    /** Makes copies of the old tables ready. */
    void copy(AdoptDepth depth) throws StepRefusedException {
        if (!registers.status(GlobalCommand.TE)) {
            throw new StepRefusedException("translation is not enabled");
        }
        port.print("DMAR: Translation already enabled - trying to copy translation structures");
        long old = registers.read(VtdRegisters.RTADDR);
        long from = VtdRegisters.RTA.inPlace(old);
        if (isScalable(old) != scalableWanted()) {
            throw copyFailed(MODE_STAYS);
        }
        if (from == 0 || !port.isMemory(from, 4096)) {
            throw copyFailed("the old root table cannot be read");
        }
        var adoption = new Adoption(port, quirks, unitName, mappings.ids(), depth);
        try {
            ContextTables tables = adoption.take(from, isScalable(old));
            ready = new Ready(tables, adoption.sources(), adoption.marks(),
                    adoption.movesRoot(), false, adoption.kept());
        } catch (IllegalStateException e) {
            throw copyFailed(e.getMessage());
        }
        port.print("DMAR: Copied translation tables from previous kernel for " + unitName);
    }

    private StepRefusedException copyFailed(String reason) {
        String line = "Failed to copy translation tables from previous kernel for " + unitName;
        port.print("DMAR: " + line);
        return new StepRefusedException(line + ": " + reason);
    }

    /**
     * Points the unit to what was made ready and drops what it kept of the tables before. Kernels
     * that find functions later give those their domains first for which firmware reserved memory.
     */
    void set() throws StepRefusedException {
        require(ready != null);
        if (ready.moves()) {
            setRoot(ready.tables());
        } else {
            invalidateAll(ready.tables());
        }
        mappings.use(ready.tables(), invalidations, ready.copied(), ready.marked());
        mappings.defersAttach(!ready.pristine());
        mappings.keep(ready.kept());
        if (ready.pristine() && !quirks.attachesAtStart()) {
            mappings.attachReserved();
        }
        set = true;
    }

    /** Finds the functions; those of empty tables may get their domains. */
    void probe() throws StepRefusedException {
        require(set);
        mappings.probeFunctions(ready.pristine() && quirks.attachesAtStart());
    }

    /** Switches translation on, unless it stayed on. */
    void enable() throws StepRefusedException {
        require(set);
        if (ready.pristine()) {
            registers.enable(GlobalCommand.TE, true);
        }
    }

    private void require(boolean done) throws StepRefusedException {
        if (!done) {
            throw new StepRefusedException(unitName + " has no tables of this kernel");
        }
    }

    /** Returns what this kernel takes the tables for. */
    private boolean isScalable(long rootPointer) {
        return quirks.knowsScalableMode() && VtdRegisters.TTM.of(rootPointer) == 1;
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
}
