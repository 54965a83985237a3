// SPDX-License-Identifier: Apache-2.0

/**
 * The hardware of one AMD-Vi unit: registers, caches, table walks, commands and events. Start with
 * {@link iommu.amdvi.unit.AmdViUnit}.
 *
 * <p>Not modelled: guest (GCR3) and nested translation, requests with PASID, ATS and the devices'
 * IOTLBs, page requests (their log runs and stays empty), port I/O, ownership of pages
 * (RMP), the guest APIC log (likewise empty), accessed and dirty bits, what only HyperTransport
 * has.
 */
package iommu.amdvi.unit;
