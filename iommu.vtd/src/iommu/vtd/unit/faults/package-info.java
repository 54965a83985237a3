// SPDX-License-Identifier: Apache-2.0

/**
 * Recording of faults, in registers or in memory. Source: VT-d, "Translation Faults".
 */
package iommu.vtd.unit.faults;
