// SPDX-License-Identifier: Apache-2.0

/**
 * The way of a request for memory through caches and tables. Source: VT-d, "DMA Remapping".
 */
package iommu.vtd.unit.translation;
