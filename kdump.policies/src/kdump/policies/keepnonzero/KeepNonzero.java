// SPDX-License-Identifier: Apache-2.0
package kdump.policies.keepnonzero;

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
 * Goes on in the crashed kernel's own tables: entries that are not zero count as taken, the capture
 * kernel maps in those that are, in the crashed kernel's memory. Functions keep their domains;
 * pages of tables of the memory that is dumped change. Units whose interrupts share the tables of
 * DMA are left alone until T6.
 *
 * <p>Phases: T4 interrupts, T6 tables, T7 addresses. Cost: every table of the crashed kernel is read
 * once; I/O addresses may run out (POWER frees 2048 entries by force then, this does not).
 *
 * <p>Source: Linux on POWER, iommu_table_clear in a kdump kernel; Calgary since "use the first
 * kernels TCE tables in kdump" (95b68dec0d5), calgary_init_bitmap_from_tce_table.
 */
@Component
@KdumpPolicy(name = "keep-nonzero")
public final class KeepNonzero implements HandoverPolicy {

    @Override
    public List<Step> decide(HandoverEvent event, HandoverView view, HandoverNotes notes) {
        if (event.equals(new PhaseStart(Phase.INTERRUPT_REMAPPING))) {
            return TakeOver.interruptsApart(view);
        }
        return TakeOver.adopting(event, view, AdoptDepth.KEEP_IN_PLACE);
    }
}
