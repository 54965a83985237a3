// SPDX-License-Identifier: Apache-2.0

/**
 * The way of a request through an enabled unit, from its device table entry to its page.
 */
package iommu.amdvi.unit.translation;
