// SPDX-License-Identifier: Apache-2.0

/**
 * What a unit can do and how it is set: its capabilities, its settings, its registers as captured
 * or after reset, and the memory that registers protect. Source: VT-d, "Register Descriptions".
 */
package iommu.vtd.unit.registers;
