// SPDX-License-Identifier: Apache-2.0
package kdump.policies.keepandseparate;

import iommu.api.kdump.HandoverEvent;
import iommu.api.kdump.HandoverEvent.PhaseStart;
import iommu.api.kdump.HandoverNotes;
import iommu.api.kdump.HandoverPolicy;
import iommu.api.kdump.HandoverView;
import iommu.api.kdump.KdumpPolicy;
import iommu.api.kdump.Phase;
import iommu.api.kdump.Step;
import iommu.api.kdump.TakeOver;
import iommu.api.unit.AdoptDepth;
import java.util.List;
import org.osgi.service.component.annotations.Component;

/**
 * Copies the crashed kernel's tables, page tables too, and keeps them after drivers attach: a
 * function that was known keeps its domain and its domain id, and is given addresses that nothing
 * was mapped at; a new one gets an id that nobody had. What was mapped is collected as the tables
 * are copied and not read again. What devices still do goes where it always went, to the end. Units
 * whose interrupts share the tables of DMA, which he did not speak of, are left alone until T6.
 *
 * <p>Phases: T4 interrupts, T6 tables, T7 addresses. Cost: a copy of every table of the crashed
 * kernel, in the crash reservation, and a list of what they map; I/O addresses may run out.
 *
 * <p>Source: Z. Li and B. Sumner, "iommu/vt-d: Fix crash dump failure caused by legacy DMA/IO",
 * October 2014.
 */
@Component
@KdumpPolicy(name = "keep-and-separate", vendors = {"vtd", "amdvi"})
public final class KeepAndSeparate implements HandoverPolicy {

    @Override
    public List<Step> decide(HandoverEvent event, HandoverView view, HandoverNotes notes) {
        if (event.equals(new PhaseStart(Phase.INTERRUPT_REMAPPING))) {
            return TakeOver.interruptsApart(view);
        }
        return TakeOver.adopting(event, view, AdoptDepth.KEEP_COPIED);
    }
}
