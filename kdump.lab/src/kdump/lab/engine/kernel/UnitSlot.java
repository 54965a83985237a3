// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.kernel;

import iommu.api.unit.UnitDriver;

/** One unit under one kernel: its driver, and how far the kernel has come with it. One thread. */
public final class UnitSlot {

    private final UnitDriver driver;
    private boolean managed;
    private boolean announcesFaults;

    UnitSlot(UnitDriver driver) {
        this.driver = driver;
    }

    /** Returns the driver. */
    public UnitDriver driver() {
        return driver;
    }

    /** Says that this kernel's tables are in the unit: DMA is mapped from now on. */
    public void manage() {
        managed = true;
    }

    /** Returns whether they are. */
    boolean isManaged() {
        return managed;
    }

    /** Says that the kernel's handler is there for the unit's fault interrupt. */
    public void announceFaults() {
        announcesFaults = true;
    }

    boolean announcesFaults() {
        return announcesFaults;
    }
}
