// SPDX-License-Identifier: Apache-2.0

/**
 * What a unit remembers of tables, each cache dropped by commands of its own. One geometry serves
 * them all. One thread; nothing is allocated after a cache was made.
 *
 * <p>Source: 48882, "Commands", of what each invalidation drops.
 */
package iommu.amdvi.unit.caches;
