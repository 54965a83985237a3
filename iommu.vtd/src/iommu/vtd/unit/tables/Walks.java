// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.unit.tables;

import iommu.api.pcie.Access;
import iommu.api.unit.WalkListener;
import iommu.vtd.unit.caches.StructureCache;
import iommu.vtd.unit.registers.UnitCapabilities;
import iommu.vtd.unit.requests.PagingMode;
import iommu.vtd.unit.requests.WalkResult;

/** The walks through the tables of one unit, outermost first. */
public record Walks(RootPointer root, LegacyContextWalk legacy, ScalableContextWalk scalable,
        FirstStageWalk firstStage, SecondStageWalk secondStage) {

    /** Makes the walks of a unit, which ask and fill its caches and mark what they use. */
    public static Walks of(TableReader tables, UnitCapabilities unit, StructureCache structures) {
        var legacy = new LegacyContextWalk(tables, unit);
        var scalable = new ScalableContextWalk(tables, unit);
        var second = SecondStageWalk.of(tables, structures, unit);
        return new Walks(new RootPointer(tables, unit, legacy, scalable), legacy, scalable,
                FirstStageWalk.of(tables, structures, second, unit), second);
    }

    /**
     * Returns walks from the same root that leave memory as it is.
     *
     * @param structures asked and filled
     * @param told what listeners are told that caches hold, which {@code structures} is a copy of;
     *     null to tell them nothing of it
     */
    public Walks readOnly(TableReader tables, UnitCapabilities unit, StructureCache structures,
            StructureCache told) {
        var reader = tables.readOnly();
        var second = SecondStageWalk.numbered(reader, structures, told, unit);
        return new Walks(root, legacy, scalable,
                FirstStageWalk.numbered(reader, structures, told, second, unit), second);
    }

    /** Returns walks that leave memory as it is and know no caches. */
    public Walks uncached(TableReader tables, UnitCapabilities unit) {
        return readOnly(tables, unit, StructureCache.NONE, null);
    }

    /** Walks the page tables that {@code result} says; false for a fault, which is there too. */
    public boolean throughPageTables(long address, int access, WalkResult result,
            WalkListener listener) {
        return PagingMode.FIRST_STAGE.isSet(result.paging)
                ? firstStage.walk(address, access, result, listener)
                : secondStage.walk(address, access & (Access.READ | Access.WRITE), result,
                        listener);
    }
}
