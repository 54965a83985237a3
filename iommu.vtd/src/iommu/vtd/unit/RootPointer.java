// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.unit;

import iommu.api.memory.PhysicalMemory;
import iommu.api.unit.WalkListener;
import iommu.vtd.FaultReason;
import iommu.vtd.RootEntry;
import iommu.vtd.VtdRegisters;

/**
 * Where the tables start and of which mode they are, as Set Root Table Pointer took it from RTADDR,
 * and the walk of that mode. Source: VT-d, "Root Table Address Register".
 */
final class RootPointer {

    private static final int LEGACY_MODE = 0;
    private static final int SCALABLE_MODE = 1;

    private final PhysicalMemory memory;
    private final Traits traits;
    private final LegacyContextWalk legacyWalk;
    private final ScalableContextWalk scalableWalk;
    private long table;
    private int mode;

    RootPointer(PhysicalMemory memory, Traits traits, LegacyContextWalk legacyWalk,
            ScalableContextWalk scalableWalk) {
        this.memory = memory;
        this.traits = traits;
        this.legacyWalk = legacyWalk;
        this.scalableWalk = scalableWalk;
    }

    /** Takes what RTADDR holds. */
    void latch(long rtaddr) {
        table = VtdRegisters.RTA.inPlace(rtaddr);
        mode = (int) VtdRegisters.TTM.of(rtaddr);
        if (traits.settings().registersAsQemu()) {
            table &= ~traits.addressReserved(63);
            mode = traits.scalable() ? mode & SCALABLE_MODE : LEGACY_MODE;
        }
    }

    long table() {
        return table;
    }

    boolean scalable() {
        return mode == SCALABLE_MODE;
    }

    /** Leaves stage and table of a source, or the fault; returns false for a fault. */
    boolean locate(int source, WalkResult result, WalkListener listener) {
        if (mode == LEGACY_MODE) {
            return legacyWalk.locate(table, source, result, listener);
        }
        if (scalable()) {
            return scalableWalk.locate(table, source, result, listener);
        }
        result.start();
        return result.fail(FaultReason.TABLE_MODE);
    }

    /** Returns whether any source of a bus may have a context. */
    boolean hasBus(int bus) {
        long at = table + (long) bus * RootEntry.BYTES;
        return memory.contains(at, RootEntry.BYTES)
                && (memory.read64(at) | memory.read64(at + 8)) != 0;
    }
}
