// SPDX-License-Identifier: Apache-2.0
package kdump.policies.copypagetables;

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
 * Copies the crashed kernel's root, context and page tables, so that nothing depends on old memory
 * any more; otherwise as copy-tables. A function gets an empty domain when its driver maps for the
 * first time; that the proposal kept old mappings beyond that is not part of this policy.
 *
 * <p>Source: Z. Li and B. Sumner, "iommu/vt-d: Fix crash dump failure caused by legacy DMA/IO",
 * October 2014.
 */
@Component
@KdumpPolicy(name = "copy-page-tables", vendors = "vtd")
public final class CopyPageTables implements HandoverPolicy {

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
            steps.add(new Step.AdoptTables(unit, AdoptDepth.PAGE_TABLES));
        }
    }
}
