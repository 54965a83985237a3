// SPDX-License-Identifier: Apache-2.0

/**
 * The hardware of one AMD-Vi unit: registers, caches, table walks, commands and events. Start with
 * {@link iommu.amdvi.unit.AmdViUnit}.
 *
 * <p>Not modelled: guest (GCR3) and nested translation, requests with PASID, ATS and the devices'
 * IOTLBs, page requests and their log, port I/O and system management messages, ownership of pages
 * (RMP), the guest APIC log, accessed and dirty bits, the address ranges of HyperTransport.
 */
package iommu.amdvi.unit;
