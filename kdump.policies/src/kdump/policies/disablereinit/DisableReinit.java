// SPDX-License-Identifier: Apache-2.0
package kdump.policies.disablereinit;

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
 * Switches translation off, gives each unit empty tables and switches translation on again; a
 * function gets its domain when its driver maps for the first time. What devices still do in
 * between goes out untranslated, afterwards it faults. Where interrupts can only be set up together
 * with the tables, kernels of that time left the unit alone until T6.
 *
 * <p>Phases: T4 interrupts, T6 tables. Cost: a window as long as tables take to make.
 *
 * <p>Source: Linux before 4.2, init_dmars ("Disable translation if already enabled prior to OS
 * handover"); described by J. Roedel in October 2014. For AMD: enable_iommus, told by C. Wright in
 * April 2010.
 */
@Component
@KdumpPolicy(name = "disable-reinit")
public final class DisableReinit implements HandoverPolicy {

    @Override
    public List<Step> decide(HandoverEvent event, HandoverView view, HandoverNotes notes) {
        return TakeOver.startingClean(event, view);
    }
}
