// SPDX-License-Identifier: Apache-2.0

/**
 * The walks through the tables in memory, one class a structure, their steps numbered as in the
 * manual. Source: VT-d, "DMA Remapping".
 */
package iommu.vtd.unit.tables;
