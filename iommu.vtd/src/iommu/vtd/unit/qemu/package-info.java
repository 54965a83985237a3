// SPDX-License-Identifier: Apache-2.0

/**
 * Where QEMU 7.2 goes other ways than the manual that are not a choice within one of its chapters:
 * the order of lookups, and accesses to registers.
 */
package iommu.vtd.unit.qemu;
