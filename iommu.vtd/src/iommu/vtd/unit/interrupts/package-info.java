// SPDX-License-Identifier: Apache-2.0

/**
 * Remapping of interrupt requests. Source: VT-d, "Interrupt Remapping".
 */
package iommu.vtd.unit.interrupts;
