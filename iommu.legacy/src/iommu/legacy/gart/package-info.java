// SPDX-License-Identifier: Apache-2.0

/**
 * Layouts and constants of the graphics address remapping table (GART) of AMD's northbridges, which
 * kernels use as an IOMMU. No behaviour; unit and kernel code are written against it, and never
 * against each other.
 *
 * <p>Source: Linux, gart.h and amd_gart_64.c; the BIOS and Kernel Developer's Guide for AMD
 * processors of family 0Fh names the same registers, and was not at hand.
 */
package iommu.legacy.gart;
