// SPDX-License-Identifier: Apache-2.0

/**
 * What would become of requests, told step by step: the same translators as the unit's own, over
 * copies of its caches or over none, with listeners that put their lookups into words.
 */
package iommu.vtd.unit.explain;
