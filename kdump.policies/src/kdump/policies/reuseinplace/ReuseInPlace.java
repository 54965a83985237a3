// SPDX-License-Identifier: Apache-2.0
package kdump.policies.reuseinplace;

import iommu.api.kdump.HandoverEvent;
import iommu.api.kdump.HandoverEvent.PhaseStart;
import iommu.api.kdump.HandoverEvent.StepRefused;
import iommu.api.kdump.HandoverNotes;
import iommu.api.kdump.HandoverPolicy;
import iommu.api.kdump.HandoverView;
import iommu.api.kdump.KdumpPolicy;
import iommu.api.kdump.Step;
import iommu.api.unit.AdoptDepth;
import java.util.ArrayList;
import java.util.List;
import org.osgi.service.component.annotations.Component;

/**
 * Copies nothing: the unit keeps the crashed kernel's tables, and where a function gets an empty
 * domain of the capture kernel its context entry is changed in old memory.
 *
 * <p>Source: what Linux does on AMD-Vi since 2025 (A. Kalra) and N. Chen's series for the SMMUv3 of
 * 2026, carried over to VT-d.
 */
@Component
@KdumpPolicy(name = "reuse-in-place", vendors = "vtd")
public final class ReuseInPlace implements HandoverPolicy {

    @Override
    public List<Step> decide(HandoverEvent event, HandoverView view, HandoverNotes notes) {
        var steps = new ArrayList<Step>();
        if (event instanceof PhaseStart start) {
            switch (start.phase()) {
                case INTERRUPT_REMAPPING -> view.units()
                        .forEach(unit -> steps.add(new Step.InitialiseInterrupts(unit.index())));
                case DMA_REMAPPING -> adoptFrom(0, view, steps);
                default -> { }
            }
        } else if (event instanceof StepRefused refused
                && refused.step() instanceof Step.AdoptTables adopt) {
            steps.add(new Step.DisableTranslation(adopt.unit()));
            steps.add(new Step.StartClean(adopt.unit()));
            adoptFrom(adopt.unit() + 1, view, steps);
        }
        return steps;
    }

    private static void adoptFrom(int first, HandoverView view, List<Step> steps) {
        for (int unit = first; unit < view.units().size(); unit++) {
            steps.add(new Step.AdoptTables(unit, AdoptDepth.IN_PLACE));
        }
    }
}
