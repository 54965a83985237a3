// SPDX-License-Identifier: Apache-2.0

/**
 * The hardware of one VT-d remapping unit. Start with {@link iommu.vtd.unit.VtdUnit}, which puts it
 * together; the packages below follow the manual's chapters, each knowing only those before it:
 * registers, requests, caches, tables, interrupts, faults, ats, invalidation, translation, qemu,
 * explain.
 */
package iommu.vtd.unit;
