// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.unit.tables;

import iommu.api.unit.WalkListener;
import iommu.vtd.FaultReason;
import iommu.vtd.RootEntry;
import iommu.vtd.VtdRegisters;
import iommu.vtd.unit.registers.UnitCapabilities;
import iommu.vtd.unit.requests.Request;
import iommu.vtd.unit.requests.WalkResult;

/**
 * Where the tables start and of which mode they are, as Set Root Table Pointer took it from RTADDR,
 * and the walk of that mode. Source: VT-d, "Root Table Address Register".
 */
public final class RootPointer {

    private static final int LEGACY_MODE = 0;
    private static final int SCALABLE_MODE = 1;

    private final TableReader tables;
    private final UnitCapabilities unit;
    private final LegacyContextWalk legacyWalk;
    private final ScalableContextWalk scalableWalk;
    private long table;
    private int mode;

    RootPointer(TableReader tables, UnitCapabilities unit, LegacyContextWalk legacyWalk,
            ScalableContextWalk scalableWalk) {
        this.tables = tables;
        this.unit = unit;
        this.legacyWalk = legacyWalk;
        this.scalableWalk = scalableWalk;
    }

    /** Takes what RTADDR holds. */
    public void latch(long rtaddr) {
        table = VtdRegisters.RTA.inPlace(rtaddr);
        mode = (int) VtdRegisters.TTM.of(rtaddr);
        if (unit.settings().registersAsQemu()) {
            table &= ~unit.addressReserved(63);
            mode = unit.scalable() ? mode & SCALABLE_MODE : LEGACY_MODE;
        }
    }

    public long table() {
        return table;
    }

    public boolean scalable() {
        return mode == SCALABLE_MODE;
    }

    /**
     * Returns whether the table mode takes a request at all; else leaves the fault.
     *
     * @param pasid of the request, or {@link Request#NO_PASID}
     */
    public boolean takes(int pasid, WalkResult result) {
        if (mode == LEGACY_MODE && pasid == Request.NO_PASID || scalable()) {
            return true;
        }
        result.start();
        return result.fail(mode == LEGACY_MODE ? FaultReason.PASID_IN_LEGACY_MODE
                : FaultReason.TABLE_MODE);
    }

    /**
     * Leaves what the context entry of a source says, or the fault; false for a fault. In legacy
     * mode that is all there is to find before the page tables.
     */
    public boolean locateContext(int source, WalkResult result, WalkListener listener) {
        return scalable() ? scalableWalk.locateContext(table, source, result, listener)
                : legacyWalk.locate(table, source, result, listener);
    }

    /**
     * Goes all the way to the page tables of a source, caches left aside.
     *
     * @param pasid of the request, or {@link Request#NO_PASID}
     * @return false for a fault, which is in {@code result}
     */
    public boolean locate(int source, int pasid, WalkResult result, WalkListener listener) {
        return takes(pasid, result) && locateContext(source, result, listener)
                && (!scalable() || scalableWalk.choosePasid(pasid, result)
                        && scalableWalk.locatePasid(true, result, listener));
    }

    /** Returns whether any source of a bus may have a context. */
    public boolean hasBus(int bus) {
        long at = table + (long) bus * RootEntry.BYTES;
        return tables.contains(at, RootEntry.BYTES)
                && (tables.read64(at) | tables.read64(at + 8)) != 0;
    }
}
