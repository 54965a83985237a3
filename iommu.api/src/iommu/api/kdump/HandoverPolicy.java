// SPDX-License-Identifier: Apache-2.0
package iommu.api.kdump;

import java.util.List;
import org.osgi.annotation.versioning.ConsumerType;

/**
 * Decides how a crashed kernel's IOMMU is handed over. A service with the properties of
 * {@link KdumpPolicy}; thread-safe, because it keeps no state: what it must remember goes into
 * notes.
 *
 * <p>A policy names steps; the engine executes, times, checks and prints them. No policy states an
 * outcome.
 */
@ConsumerType
public interface HandoverPolicy {

    /**
     * Answers an event.
     *
     * @param event what happens
     * @param view what the kernel can observe; dead after the return
     * @param notes what this policy noted before
     * @return steps, done in this order; empty for none; never null
     */
    List<Step> decide(HandoverEvent event, HandoverView view, HandoverNotes notes);

    /**
     * Says why this policy cannot decide from here on, in the middle of a hand-over that another
     * one has decided so far: it needs what happened earlier, or cannot read the notes. Asked
     * before it takes over; if it refuses, the other one goes on. It can, unless it says otherwise.
     *
     * @param phase that goes on; null if the machine does not run yet
     * @param notes what the one before has noted; they can only be read
     * @return a clause of one line; null if it takes over
     */
    default String refusesToTakeOver(Phase phase, HandoverNotes notes) {
        return null;
    }
}
