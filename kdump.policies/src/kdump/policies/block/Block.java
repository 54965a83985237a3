// SPDX-License-Identifier: Apache-2.0
package kdump.policies.block;

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
 * Gives each unit empty tables while translation stays on: from T6 on what devices still do is
 * blocked, until their drivers map. Nothing goes out untranslated, nothing is corrupted; a device
 * that takes an aborted request badly is lost, and with it perhaps the dump.
 *
 * <p>Phases: T4 interrupts, T6 tables. Cost: one empty root table a unit, one invalidation of
 * everything.
 *
 * <p>Source: J. Roedel, October 2014, his second option ("some devices react very poorly on a
 * master abort"); what Linux does with an SMMUv3 that it finds enabled (b63b3439b856).
 */
@Component
@KdumpPolicy(name = "block")
public final class Block implements HandoverPolicy {

    @Override
    public List<Step> decide(HandoverEvent event, HandoverView view, HandoverNotes notes) {
        return TakeOver.stayingOn(event, view, Step.StartBlocked::new);
    }
}
