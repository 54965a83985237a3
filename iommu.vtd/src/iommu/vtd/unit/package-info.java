// SPDX-License-Identifier: Apache-2.0

/**
 * The hardware of one VT-d remapping unit: registers, caches, table walks, invalidation and fault
 * recording. Start with {@link iommu.vtd.unit.VtdUnit}.
 *
 * <p>Not modelled yet: first-stage and nested translation (answered with fault 5Bh), requests with
 * PASID, ATS and page requests, interrupt remapping of messages (registers and invalidations are
 * taken), the advanced fault log, accessed and dirty bits, coherency (ECAP.C), protected memory
 * regions (plain registers), invalidation and page-request event interrupts.
 */
package iommu.vtd.unit;
