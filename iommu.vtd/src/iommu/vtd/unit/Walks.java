// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.unit;

import iommu.api.pcie.Access;
import iommu.api.unit.WalkListener;

/** The walks through the tables of one unit, outermost first. */
record Walks(RootPointer root, LegacyContextWalk legacy, ScalableContextWalk scalable,
        FirstStageWalk firstStage, SecondStageWalk secondStage) {

    static Walks of(TableReader tables, Traits traits, StructureCache structures) {
        var legacy = new LegacyContextWalk(tables, traits);
        var scalable = new ScalableContextWalk(tables, traits);
        var second = new SecondStageWalk(tables, structures, structures, traits);
        return new Walks(new RootPointer(tables, traits, legacy, scalable), legacy, scalable,
                new FirstStageWalk(tables, structures, structures, second, traits), second);
    }

    /** Returns walks that ask and fill a copy of the paging-structure caches. */
    Walks apart(TableReader tables, Traits traits, StructureCache structures) {
        StructureCache copy = structures.copy();
        var second = new SecondStageWalk(tables, copy, structures, traits);
        return new Walks(root, legacy, scalable,
                new FirstStageWalk(tables, copy, structures, second, traits), second);
    }

    /** Walks the page tables that {@code result} says; false for a fault, which is there too. */
    boolean throughPageTables(long address, int access, WalkResult result,
            WalkListener listener) {
        return PagingMode.FIRST_STAGE.isSet(result.paging)
                ? firstStage.walk(address, access, result, listener)
                : secondStage.walk(address, access & (Access.READ | Access.WRITE), result,
                        listener);
    }
}
