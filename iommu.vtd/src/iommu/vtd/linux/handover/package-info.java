// SPDX-License-Identifier: Apache-2.0

/**
 * What a kernel that is left alone does with all VT-d units of a machine, phase by phase: as steps,
 * which the code for single units in {@link iommu.vtd.linux} carries out.
 */
package iommu.vtd.linux.handover;
