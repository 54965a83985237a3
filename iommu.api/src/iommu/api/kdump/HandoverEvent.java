// SPDX-License-Identifier: Apache-2.0
package iommu.api.kdump;

/** What a policy is asked about. */
public sealed interface HandoverEvent {

    /** A phase begins. */
    record PhaseStart(Phase phase) implements HandoverEvent { }

    /** The capture kernel's driver is about to probe a function. */
    record ProbeStart(int requester) implements HandoverEvent { }

    /**
     * The capture kernel's driver has probed a function.
     *
     * @param failure why it failed; null if it did not
     */
    record ProbeEnd(int requester, String failure) implements HandoverEvent { }

    /** A driver of the capture kernel maps memory for a function for the first time. */
    record FirstMap(int requester) implements HandoverEvent { }

    /**
     * A step could not be done; the steps that followed it were dropped.
     *
     * @param reason in the kernel's words
     */
    record StepRefused(Step step, String reason) implements HandoverEvent { }
}
