// SPDX-License-Identifier: Apache-2.0

/**
 * A request on its way through a unit, what is found of it, and the packed forms in which walks and
 * caches hand that on. The ground of the packages beside it, with the words in which entries
 * are told.
 */
package iommu.vtd.unit.requests;
