// SPDX-License-Identifier: Apache-2.0

/**
 * Invalidation of the caches, by queue and by register. Source: VT-d, "Invalidation of Translation
 * Caches".
 */
package iommu.vtd.unit.invalidation;
