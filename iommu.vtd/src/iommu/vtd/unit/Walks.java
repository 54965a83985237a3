// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.unit;

/** The walks through the tables of one unit, outermost first. */
record Walks(RootPointer root, LegacyContextWalk legacy, ScalableContextWalk scalable,
        FirstStageWalk firstStage, SecondStageWalk secondStage) {

    static Walks of(TableReader tables, Traits traits, StructureCache structures) {
        var legacy = new LegacyContextWalk(tables, traits);
        var scalable = new ScalableContextWalk(tables, traits);
        var second = new SecondStageWalk(tables, structures, traits);
        return new Walks(new RootPointer(tables, traits, legacy, scalable), legacy, scalable,
                new FirstStageWalk(tables, structures, second, traits), second);
    }
}
