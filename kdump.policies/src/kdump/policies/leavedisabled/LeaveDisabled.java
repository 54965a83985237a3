// SPDX-License-Identifier: Apache-2.0
package kdump.policies.leavedisabled;

import iommu.api.kdump.HandoverEvent;
import iommu.api.kdump.HandoverEvent.PhaseStart;
import iommu.api.kdump.HandoverNotes;
import iommu.api.kdump.HandoverPolicy;
import iommu.api.kdump.HandoverView;
import iommu.api.kdump.KdumpPolicy;
import iommu.api.kdump.Step;
import iommu.api.kdump.TakeOver;
import java.util.ArrayList;
import java.util.List;
import org.osgi.service.component.annotations.Component;

/**
 * Takes over interrupt remapping, switches translation off when it finds it on, and leaves it off:
 * what devices still do goes to the physical address that their I/O virtual address spells, until
 * their drivers reset them.
 *
 * <p>Source: Linux with intel_iommu=off in the capture kernel, as recorded.
 */
@Component
@KdumpPolicy(name = "leave-disabled", vendors = "vtd")
public final class LeaveDisabled implements HandoverPolicy {

    @Override
    public List<Step> decide(HandoverEvent event, HandoverView view, HandoverNotes notes) {
        var steps = new ArrayList<Step>();
        if (event instanceof PhaseStart start) {
            switch (start.phase()) {
                case SETUP_ARCH -> steps.add(new Step.Print("DMAR: IOMMU disabled"));
                case INTERRUPT_REMAPPING -> steps.addAll(TakeOver.interrupts(view));
                case DMA_REMAPPING -> view.units()
                        .forEach(unit -> steps.add(new Step.DisableTranslation(unit.index())));
                default -> { }
            }
        }
        return steps;
    }
}
