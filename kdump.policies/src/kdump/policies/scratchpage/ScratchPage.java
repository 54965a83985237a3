// SPDX-License-Identifier: Apache-2.0
package kdump.policies.scratchpage;

import iommu.api.kdump.HandoverEvent;
import iommu.api.kdump.HandoverNotes;
import iommu.api.kdump.HandoverPolicy;
import iommu.api.kdump.HandoverView;
import iommu.api.kdump.KdumpPolicy;
import iommu.api.kdump.Step;
import iommu.api.kdump.TakeOver;
import java.util.List;
import org.osgi.service.component.annotations.Component;

/**
 * Gives each unit tables in which every address of every function leads to one page, while
 * translation stays on: writes are absorbed, nothing is aborted, and reads return zeros. A read
 * that feeds a disk or a network therefore sends zeros: "at worst nulls out the superblocks".
 *
 * <p>Phases: T4 interrupts, T6 tables. Cost: a table a level and one page a unit, an entry a
 * function, one invalidation of everything.
 *
 * <p>Source: D. Woodhouse's idea, the third option of J. Roedel, October 2014.
 */
@Component
@KdumpPolicy(name = "scratch-page")
public final class ScratchPage implements HandoverPolicy {

    @Override
    public List<Step> decide(HandoverEvent event, HandoverView view, HandoverNotes notes) {
        return TakeOver.stayingOn(event, view, Step.MapScratch::new);
    }
}
