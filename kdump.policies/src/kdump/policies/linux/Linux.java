// SPDX-License-Identifier: Apache-2.0
package kdump.policies.linux;

import iommu.api.kdump.HandoverEvent;
import iommu.api.kdump.HandoverNotes;
import iommu.api.kdump.HandoverPolicy;
import iommu.api.kdump.HandoverView;
import iommu.api.kdump.KdumpPolicy;
import iommu.api.kdump.Step;
import java.util.List;
import org.osgi.service.component.annotations.Component;

/**
 * No policy of its own: what the capture kernel, of its version, with its command line and build
 * options, does by itself with the units that it finds. What other policies are measured against.
 *
 * <p>Source: docs/kernels.md, with the commits of Linux that changed it.
 */
@Component
@KdumpPolicy(name = "linux", stock = true)
public final class Linux implements HandoverPolicy {

    @Override
    public List<Step> decide(HandoverEvent event, HandoverView view, HandoverNotes notes) {
        return view.ownSteps(event);
    }
}
