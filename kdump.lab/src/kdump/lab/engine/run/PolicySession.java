// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.run;

import iommu.api.kdump.HandoverEvent;
import iommu.api.kdump.HandoverNotes;
import iommu.api.kdump.HandoverView;
import iommu.api.kdump.Phase;
import iommu.api.kdump.Step;
import java.util.List;

/** A policy during one run. One thread. */
public interface PolicySession {

    /** Returns the name of the policy. */
    String name();

    /**
     * Asks the policy.
     *
     * @return what it answers, be it null
     * @throws WithdrawnException if it is gone
     */
    List<Step> decide(HandoverEvent event, HandoverView view, HandoverNotes notes);

    /**
     * Asks the policy whether it decides from here on, in the place of another.
     *
     * @param phase that goes on; null if the machine does not run yet
     * @return why it does not, as it says; null if it does
     * @throws BrokenException if it does not know how to answer
     */
    default String refusesToTakeOver(Phase phase, HandoverNotes notes) {
        return null;
    }

    /** Returns the class of the policy, by which its bundle is known; null if there is none. */
    Class<?> policyClass();

    /** Returns who is at fault where the policy is: its name and its bundle. */
    default String culprit() {
        return "policy " + name();
    }

    /** Returns whether the policy's bundle has gone since the run began. */
    default boolean isWithdrawn() {
        return false;
    }
}
