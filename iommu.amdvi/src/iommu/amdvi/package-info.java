// SPDX-License-Identifier: Apache-2.0

/**
 * Layouts and constants of AMD-Vi: registers, table entries, commands, events. No behaviour; both
 * the unit and the kernel code are written against it, and never against each other.
 *
 * <p>Source: AMD I/O Virtualization Technology (IOMMU) Specification (48882).
 */
package iommu.amdvi;
