// SPDX-License-Identifier: Apache-2.0

/** Remapping of interrupt messages, and the check of their source. */
package iommu.vtd.unit.interrupts;
