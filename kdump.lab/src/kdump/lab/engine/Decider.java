// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine;

import iommu.api.kdump.HandoverEvent;
import iommu.api.kdump.HandoverNotes;
import iommu.api.kdump.HandoverView;
import iommu.api.kdump.Step;
import java.util.List;

/** A policy during one run. One thread. */
interface Decider {

    /** Returns the name of the policy. */
    String name();

    /**
     * Asks the policy.
     *
     * @throws WithdrawnException if it is gone, or broke
     */
    List<Step> decide(HandoverEvent event, HandoverView view, HandoverNotes notes);
}
