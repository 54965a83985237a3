// SPDX-License-Identifier: Apache-2.0
package iommu.legacy.calgary.linux;

import iommu.api.kdump.HandoverEvent;
import iommu.api.kdump.HandoverEvent.PhaseStart;
import iommu.api.kdump.HandoverEvent.StepRefused;
import iommu.api.kdump.HandoverView;
import iommu.api.kdump.HandoverView.UnitView;
import iommu.api.kdump.KernelHandover;
import iommu.api.kdump.Phase;
import iommu.api.kdump.Step;
import iommu.api.profile.KernelProfile;
import iommu.api.unit.AdoptDepth;
import java.util.ArrayList;
import java.util.List;
import org.osgi.service.component.annotations.Component;

/**
 * What Linux does by itself with Calgary chips: at T6 it goes on with the tables that it finds,
 * or, before 2.6.27, gives each PHB a new one. Stateless.
 *
 * <p>Source: docs/kernels.md; Linux, pci-calgary_64.c, calgary_iommu_init.
 */
@Component
public final class CalgaryHandover implements KernelHandover {

    private static final String VENDOR = "calgary";

    @Override
    public String vendor() {
        return VENDOR;
    }

    @Override
    public List<Step> decide(KernelProfile profile, HandoverEvent event, HandoverView view) {
        CalgaryKernel kernel = CalgaryKernel.of(profile);
        if (!kernel.used()) {
            return List.of();
        }
        if (event.equals(new PhaseStart(Phase.DMA_REMAPPING))) {
            return from(0, kernel, view);
        }
        if (event instanceof StepRefused refused
                && refused.step() instanceof Step.AdoptTables adopt) {
            var steps = new ArrayList<Step>(List.of(new Step.StartClean(adopt.unit())));
            steps.addAll(from(adopt.unit() + 1, kernel, view));
            return steps;
        }
        return List.of();
    }

    private static List<Step> from(int first, CalgaryKernel kernel, HandoverView view) {
        boolean reuses = kernel.reusesTables() && kernel.kdump();
        return view.units().stream()
                .filter(u -> u.vendor().equals(VENDOR) && u.index() >= first)
                .map(UnitView::index)
                .<Step>map(unit -> reuses ? new Step.AdoptTables(unit, AdoptDepth.IN_PLACE)
                        : new Step.StartClean(unit)).toList();
    }
}
