// SPDX-License-Identifier: Apache-2.0

/**
 * The unit against the manual: a {@link iommu.vtd.unit.Bench} is one unit with memory and tables.
 */
package iommu.vtd.unit;
