// SPDX-License-Identifier: Apache-2.0

/**
 * The hardware of one AMD-Vi unit. Start with {@link iommu.amdvi.unit.AmdViUnit}; the packages
 * below follow the manual's chapters and form no circle. From the ground up: settings, registers,
 * caches, tables, interrupts and events, commands, qemu, translation.
 *
 * <p>Not modelled: guest (GCR3) and nested translation, requests with PASID, ATS and the devices'
 * IOTLBs, page requests (their log runs and stays empty), port I/O, ownership of pages
 * (RMP), the guest APIC log (likewise empty), accessed and dirty bits, what only HyperTransport
 * has.
 */
package iommu.amdvi.unit;
