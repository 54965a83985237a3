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
}
