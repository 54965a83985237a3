// SPDX-License-Identifier: Apache-2.0

/**
 * Layouts and constants of IBM's Calgary, the host bridges of xSeries servers: registers, entries,
 * sizes of tables. No behaviour; unit and kernel code are written against it, and never against
 * each other.
 *
 * <p>Source: Linux, pci-calgary_64.c and tce.h, as no manual is public.
 */
package iommu.legacy.calgary;
