// SPDX-License-Identifier: Apache-2.0

/**
 * Layouts and constants of Intel VT-d: registers, table entries, descriptors, fault reasons. No
 * behaviour; both the unit and the kernel code are written against it, and never against each
 * other.
 *
 * <p>Source: Intel Virtualization Technology for Directed I/O, Architecture Specification (D51397).
 */
package iommu.vtd;
