// SPDX-License-Identifier: Apache-2.0
package kdump.policies.leavedisabled;

import iommu.api.kdump.HandoverEvent;
import iommu.api.kdump.HandoverEvent.PhaseStart;
import iommu.api.kdump.HandoverNotes;
import iommu.api.kdump.HandoverPolicy;
import iommu.api.kdump.HandoverView;
import iommu.api.kdump.KdumpPolicy;
import iommu.api.kdump.Phase;
import iommu.api.kdump.Step;
import iommu.api.kdump.TakeOver;
import java.util.List;
import org.osgi.service.component.annotations.Component;

/**
 * Takes over interrupt remapping where it stands apart from the tables, switches translation off
 * when it finds it on, and leaves it off: what devices still do goes to the physical address that
 * their I/O virtual address spells, until their drivers reset them.
 *
 * <p>Phases: T4 interrupts, T6 off. Cost: nothing, and whatever the requests hit.
 *
 * <p>Source: Linux with intel_iommu=off in the capture kernel, as recorded; amd_iommu=off, by which
 * interrupts are not remapped either; J. Roedel's first option, October 2014.
 */
@Component
@KdumpPolicy(name = "leave-disabled")
public final class LeaveDisabled implements HandoverPolicy {

    @Override
    public List<Step> decide(HandoverEvent event, HandoverView view, HandoverNotes notes) {
        if (event.equals(new PhaseStart(Phase.INTERRUPT_REMAPPING))) {
            return TakeOver.interruptsApart(view);
        }
        return event.equals(new PhaseStart(Phase.DMA_REMAPPING)) ? view.units().stream()
                .<Step>map(unit -> new Step.DisableTranslation(unit.index())).toList() : List.of();
    }
}
