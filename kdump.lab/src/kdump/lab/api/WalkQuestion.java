// SPDX-License-Identifier: Apache-2.0
package kdump.lab.api;

import iommu.api.machine.Platform;

/**
 * A request whose way through a unit shall be told.
 *
 * @param requester id that it carries
 * @param pasid 20 bits that it carries, or -1 for none
 * @param address that it goes to
 * @param access bits of {@link iommu.api.pcie.Access}; EXECUTE and PRIVILEGED go with a PASID
 * @param translationRequest whether a device's own cache asks, by address translation services
 * @param data of an interrupt message: a write without PASID where the
 *     platform has them
 * @param policy the unit is looked at as it stands at the end of a run of this policy; null for one
 *     that has just begun on the tables of the machine, its caches cold
 * @param options of the run; without one, seed of what no capture holds, and how units behave
 */
public record WalkQuestion(int requester, int pasid, long address, int access,
        boolean translationRequest, int data, String policy, RunOptions options) {

    private static final int PASID_BITS = 20;

    /** Checks the PASID. */
    public WalkQuestion {
        if (pasid < -1 || pasid >>> PASID_BITS != 0 && pasid != -1) {
            throw new IllegalArgumentException(
                    "PASID 0x" + Integer.toHexString(pasid) + ", not of 20 bits");
        }
    }

    /** Returns whether the request is an interrupt message. */
    public boolean isInterrupt() {
        return !translationRequest && pasid < 0 && access == iommu.api.pcie.Access.WRITE
                && Platform.X86.messages().contains(address);
    }
}
