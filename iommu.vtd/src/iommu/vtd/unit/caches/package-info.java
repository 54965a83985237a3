// SPDX-License-Identifier: Apache-2.0

/**
 * The caches of a unit, and the cache of the fast path that stands for them. None reads memory.
 * Source: VT-d, "Caching Translation Information".
 */
package iommu.vtd.unit.caches;
