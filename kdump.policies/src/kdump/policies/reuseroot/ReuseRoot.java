// SPDX-License-Identifier: Apache-2.0
package kdump.policies.reuseroot;

import iommu.api.kdump.HandoverEvent;
import iommu.api.kdump.HandoverNotes;
import iommu.api.kdump.HandoverPolicy;
import iommu.api.kdump.HandoverView;
import iommu.api.kdump.KdumpPolicy;
import iommu.api.kdump.Step;
import iommu.api.kdump.TakeOver;
import iommu.api.unit.AdoptDepth;
import java.util.List;
import org.osgi.service.component.annotations.Component;

/**
 * Leaves the crashed kernel's root table in use and points it to copies of the context tables:
 * translation is never off, and a few bytes of the memory that is about to be dumped change. A
 * function gets an empty domain when its driver maps for the first time.
 *
 * <p>Source: J. Roedel on what was agreed on at the Linux Plumbers Conference, October 2014.
 */
@Component
@KdumpPolicy(name = "reuse-root", vendors = "vtd")
public final class ReuseRoot implements HandoverPolicy {

    @Override
    public List<Step> decide(HandoverEvent event, HandoverView view, HandoverNotes notes) {
        return TakeOver.adopting(event, view, AdoptDepth.REUSE_ROOT);
    }
}
