// SPDX-License-Identifier: Apache-2.0
package iommu.api.unit;

/**
 * One request that a unit blocked.
 *
 * @param requester id that the request carried
 * @param address that the request asked for
 * @param access {@link iommu.api.pcie.Access#READ} or {@link iommu.api.pcie.Access#WRITE}
 * @param reason the unit's number of it
 * @param key vendor and reason as verdicts spell them, such as "vtd:0x05"
 * @param text the manual's sentence
 */
public record FaultRecord(int requester, long address, int access, int reason, String key,
        String text) { }
