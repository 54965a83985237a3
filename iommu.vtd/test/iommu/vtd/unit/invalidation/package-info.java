// SPDX-License-Identifier: Apache-2.0

/** The queue, its descriptors, and what each of them takes out of the caches. */
package iommu.vtd.unit.invalidation;
