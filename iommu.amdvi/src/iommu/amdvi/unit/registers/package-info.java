// SPDX-License-Identifier: Apache-2.0

/**
 * The registers of a unit as they come up, and what some of them mean: optional features, the
 * running of the buffers, the exclusion range.
 *
 * <p>Source: 48882, "Register Definitions" of the MMIO registers.
 */
package iommu.amdvi.unit.registers;
