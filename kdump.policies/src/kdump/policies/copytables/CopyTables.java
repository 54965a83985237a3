// SPDX-License-Identifier: Apache-2.0
package kdump.policies.copytables;

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
 * Adopts the crashed kernel's tables: root and context tables are copied, page tables stay where
 * they are, translation is never switched off. A function gets an empty domain of its own when its
 * driver maps for the first time. Where the copy is refused the kernel falls back to starting
 * clean.
 *
 * <p>Source: Linux from 4.2 on, copy_translation_tables and its caller in init_dmars.
 */
@Component
@KdumpPolicy(name = "copy-tables")
public final class CopyTables implements HandoverPolicy {

    @Override
    public List<Step> decide(HandoverEvent event, HandoverView view, HandoverNotes notes) {
        return TakeOver.adopting(event, view, AdoptDepth.CONTEXTS);
    }
}
