// SPDX-License-Identifier: Apache-2.0

/**
 * The GART of one northbridge. Start with {@link iommu.legacy.gart.unit.GartUnit}.
 *
 * <p>Not modelled: accesses of processors to the aperture, AGP, the machine check that an entry
 * which is not valid may cause.
 */
package iommu.legacy.gart.unit;
