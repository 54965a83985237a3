// SPDX-License-Identifier: Apache-2.0
package iommu.api.pcie;

/**
 * Memory mapped for a device.
 *
 * @param iova as the device sees it
 * @param physicalAddress where it lies
 * @param bytes length
 */
public record DmaBuffer(long iova, long physicalAddress, int bytes) { }
