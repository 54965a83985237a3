// SPDX-License-Identifier: Apache-2.0

/**
 * What Linux does to an AMD-Vi unit, through {@link iommu.api.unit.KernelPort} alone: it sees
 * registers and memory, never the unit's caches. Start with
 * {@link iommu.amdvi.linux.LinuxAmdViDriver}.
 *
 * <p>Not modelled: interrupt tables of this kernel (copied entries keep the old ones), guest page
 * tables, devices' IOTLBs, unity mappings (IVMD), freeing of emptied page tables, and the domains
 * that Linux prepares for functions before their first mapping: domain ids are given out later.
 */
package iommu.amdvi.linux;
