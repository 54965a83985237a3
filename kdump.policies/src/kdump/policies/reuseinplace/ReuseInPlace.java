// SPDX-License-Identifier: Apache-2.0
package kdump.policies.reuseinplace;

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
 * Copies nothing: the unit keeps the crashed kernel's tables, and where a function gets an empty
 * domain of the capture kernel its context entry is changed in old memory.
 *
 * <p>Source: what Linux does on AMD-Vi since 2025 (A. Kalra) and N. Chen's series for the SMMUv3 of
 * 2026, carried over to VT-d too.
 */
@Component
@KdumpPolicy(name = "reuse-in-place", vendors = {"vtd", "amdvi"})
public final class ReuseInPlace implements HandoverPolicy {

    @Override
    public List<Step> decide(HandoverEvent event, HandoverView view, HandoverNotes notes) {
        return TakeOver.adopting(event, view, AdoptDepth.IN_PLACE);
    }
}
