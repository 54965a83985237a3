// SPDX-License-Identifier: Apache-2.0

/**
 * The GART of one northbridge. Start with {@link iommu.legacy.gart.unit.GartUnit}.
 *
 * <p>Not modelled: what processors write to the aperture, and read there for anything but a dump;
 * AGP.
 */
package iommu.legacy.gart.unit;
