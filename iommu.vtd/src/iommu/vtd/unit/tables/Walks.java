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

    public static Walks of(TableReader tables, UnitCapabilities unit, StructureCache structures) {
        var legacy = new LegacyContextWalk(tables, unit);
        var scalable = new ScalableContextWalk(tables, unit);
        var second = new SecondStageWalk(tables, structures, structures, unit);
        return new Walks(new RootPointer(tables, unit, legacy, scalable), legacy, scalable,
                new FirstStageWalk(tables, structures, structures, second, unit), second);
    }

    /** Returns walks that ask and fill a copy of the paging-structure caches. */
    public Walks apart(TableReader tables, UnitCapabilities unit, StructureCache structures) {
        StructureCache copy = structures.copy();
        var second = new SecondStageWalk(tables, copy, structures, unit);
        return new Walks(root, legacy, scalable,
                new FirstStageWalk(tables, copy, structures, second, unit), second);
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
