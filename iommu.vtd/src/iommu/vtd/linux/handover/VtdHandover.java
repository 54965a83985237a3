// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.linux.handover;

import iommu.api.kdump.HandoverEvent;
import iommu.api.kdump.HandoverEvent.PhaseStart;
import iommu.api.kdump.HandoverEvent.StepRefused;
import iommu.api.kdump.HandoverView;
import iommu.api.kdump.KernelHandover;
import iommu.api.kdump.Step;
import iommu.api.profile.KernelProfile;
import iommu.vtd.linux.settings.KernelQuirks;
import java.util.List;
import org.osgi.service.component.annotations.Component;

/**
 * What Linux does by itself with VT-d units that it finds at its boot. Stateless.
 *
 * <p>Source: docs/kernels.md; Linux, intel_prepare_irq_remapping, intel_enable_irq_remapping,
 * intel_iommu_init, init_dmars.
 */
@Component
public final class VtdHandover implements KernelHandover {

    private static final String VENDOR = "vtd";

    @Override
    public String vendor() {
        return VENDOR;
    }

    @Override
    public boolean bootsInPasses() {
        return true;
    }

    @Override
    public List<Step> decide(KernelProfile kernel, HandoverEvent event, HandoverView view) {
        KernelQuirks quirks = KernelQuirks.of(kernel);
        var found = new FoundUnits(view, VENDOR);
        if (event instanceof PhaseStart start) {
            return switch (start.phase()) {
                case INTERRUPT_REMAPPING -> new InterruptRemappingStart(quirks, found).steps();
                case DMA_REMAPPING -> new DmaRemappingStart(quirks, found).steps();
                default -> List.of();
            };
        }
        if (event instanceof StepRefused refused
                && refused.step() instanceof Step.CopyTables copy) {
            return new DmaRemappingStart(quirks, found).withoutCopy(copy.unit());
        }
        return List.of();
    }
}
