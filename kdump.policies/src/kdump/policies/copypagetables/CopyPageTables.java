// SPDX-License-Identifier: Apache-2.0
package kdump.policies.copypagetables;

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
 * Copies the crashed kernel's root, context and page tables, so that nothing depends on old memory
 * any more; otherwise as copy-tables. A function gets an empty domain when its driver maps for the
 * first time; that the proposal kept old mappings beyond that is not part of this policy. Units
 * whose interrupts share the tables of DMA, which it did not speak of, are left alone until T6.
 *
 * <p>Phases: T4 interrupts, T6 tables. Cost: a copy of every table, in the crash reservation.
 *
 * <p>Source: Z. Li and B. Sumner, "iommu/vt-d: Fix crash dump failure caused by legacy DMA/IO",
 * October 2014.
 */
@Component
@KdumpPolicy(name = "copy-page-tables", vendors = {"vtd", "amdvi"})
public final class CopyPageTables implements HandoverPolicy {

    @Override
    public List<Step> decide(HandoverEvent event, HandoverView view, HandoverNotes notes) {
        if (event.equals(new PhaseStart(Phase.INTERRUPT_REMAPPING))) {
            return TakeOver.interruptsApart(view);
        }
        return TakeOver.adopting(event, view, AdoptDepth.PAGE_TABLES);
    }
}
