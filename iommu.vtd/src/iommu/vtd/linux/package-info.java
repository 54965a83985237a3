// SPDX-License-Identifier: Apache-2.0

/**
 * What Linux does to a VT-d unit, through {@link iommu.api.unit.KernelPort} alone: it sees
 * registers and memory, never the unit's caches. Start with {@link iommu.vtd.linux.LinuxVtdDriver}.
 *
 * <p>Not modelled yet: device IOTLBs, freeing of emptied page tables,
 * coherency flushes.
 */
package iommu.vtd.linux;
