// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.kernel;

import iommu.api.unit.AdoptDepth;
import iommu.api.unit.StepRefusedException;
import iommu.api.unit.UnitDriver;

/**
 * One unit under one kernel: its driver, and how far the kernel has come with it. The order of the
 * acts by which a kernel gets hold of a unit is told here and nowhere else. One thread.
 */
public final class UnitSlot {

    private final UnitDriver driver;
    private final Runnable tableSetup;
    private final Runnable domainSetup;
    private boolean managed;
    private boolean announcesFaults;

    /**
     * Makes one.
     *
     * @param tableSetup takes the time that giving a unit empty tables takes
     * @param domainSetup takes the time that setting functions up in the IOMMU code takes
     */
    UnitSlot(UnitDriver driver, Runnable tableSetup, Runnable domainSetup) {
        this.driver = driver;
        this.tableSetup = tableSetup;
        this.domainSetup = domainSetup;
    }

    /** Returns the driver. */
    public UnitDriver driver() {
        return driver;
    }

    /**
     * Goes on with what this very kernel had set up before it was imported. A unit that it had left
     * off stays unmanaged: what it serves reaches memory as it is.
     */
    public void resume() {
        driver.resume();
        managed = driver.hasTables();
    }

    /** Sets interrupts up, as kernels do at T4; some let faults be announced by then. */
    public void initialiseInterrupts() {
        driver.initialiseInterrupts();
        announcesFaults |= driver.faultInterruptEnabled();
    }

    /**
     * Switches interrupt remapping on, with the table that the driver has set.
     *
     * @throws StepRefusedException if there is none
     */
    public void enableInterrupts() throws StepRefusedException {
        driver.enableInterrupts();
        announcesFaults |= driver.faultInterruptEnabled();
    }

    /**
     * Finds the functions that the unit serves, which takes its time.
     *
     * @throws StepRefusedException if the unit has no tables yet
     */
    public void probeFunctions() throws StepRefusedException {
        domainSetup.run();
        driver.probeFunctions();
    }

    /**
     * Makes empty tables for the unit, which takes its time.
     *
     * @throws StepRefusedException if it cannot have any
     */
    public void allocateTables() throws StepRefusedException {
        tableSetup.run();
        driver.allocateTables();
    }

    /**
     * Switches translation on, with the tables that the driver has set.
     *
     * @throws StepRefusedException if there are none; the unit is not managed then
     */
    public void enableTranslation() throws StepRefusedException {
        driver.enableTranslation();
        manage();
    }

    /**
     * Gives the unit empty tables, translation on.
     *
     * @throws StepRefusedException if the unit does not obey; it is not managed then
     */
    public void startClean() throws StepRefusedException {
        tableSetup.run();
        domainSetup.run();
        driver.startClean();
        manage();
    }

    /**
     * Takes over the tables that the unit uses.
     *
     * @throws StepRefusedException if they cannot be taken over; nothing was changed then
     */
    public void adoptTables(AdoptDepth depth) throws StepRefusedException {
        driver.adoptTables(depth);
        domainSetup.run();
        manage();
    }

    /**
     * Gives the unit empty tables while translation stays on.
     *
     * @throws StepRefusedException if it cannot be done; nothing was changed then
     */
    public void startBlocked() throws StepRefusedException {
        tableSetup.run();
        driver.startBlocked();
        domainSetup.run();
        manage();
    }

    /**
     * Gives the unit tables that lead everything to one page, while translation stays on.
     *
     * @throws StepRefusedException if it cannot be done; nothing was changed then
     */
    public void mapScratch() throws StepRefusedException {
        tableSetup.run();
        driver.mapScratch();
        domainSetup.run();
        manage();
    }

    /** This kernel's tables are in the unit: DMA is mapped from now on, and faults are heard of. */
    private void manage() {
        managed = true;
        driver.enableFaultInterrupt();
        announcesFaults = true;
    }

    /** Returns whether this kernel's tables are in the unit. */
    boolean isManaged() {
        return managed;
    }

    /** Returns whether the kernel's handler is there for the unit's fault interrupt. */
    boolean announcesFaults() {
        return announcesFaults;
    }
}
