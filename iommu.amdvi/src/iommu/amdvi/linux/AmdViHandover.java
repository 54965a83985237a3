// SPDX-License-Identifier: Apache-2.0
package iommu.amdvi.linux;

import iommu.api.kdump.HandoverEvent;
import iommu.api.kdump.HandoverView;
import iommu.api.kdump.KernelHandover;
import iommu.api.kdump.Step;
import iommu.api.kdump.TakeOver;
import iommu.api.profile.KernelProfile;
import iommu.api.unit.AdoptDepth;
import java.util.List;
import org.osgi.service.component.annotations.Component;

/** What Linux does by itself with AMD-Vi units that it finds at its boot. Stateless. */
@Component
public final class AmdViHandover implements KernelHandover {

    private static final String VENDOR = "amdvi";

    @Override
    public String vendor() {
        return VENDOR;
    }

    @Override
    public List<Step> decide(KernelProfile kernel, HandoverEvent event, HandoverView view) {
        return TakeOver.adopting(event, view, AdoptDepth.CONTEXTS).stream()
                .filter(step -> view.units().get(step.unit()).vendor().equals(VENDOR)).toList();
    }
}
