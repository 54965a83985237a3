// SPDX-License-Identifier: Apache-2.0

/**
 * What a unit does to interrupt messages.
 *
 * <p>Source: 48882, "Interrupt Remapping Tables".
 */
package iommu.amdvi.unit.interrupts;
