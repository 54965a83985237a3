// SPDX-License-Identifier: Apache-2.0
package iommu.api.pcie;

/**
 * A message-signalled interrupt: a posted write of 4 bytes with the id of its function.
 *
 * @param address where it is written, 0xFEEx_xxxx on PCs
 * @param data what is written
 */
public record Message(long address, int data) { }
