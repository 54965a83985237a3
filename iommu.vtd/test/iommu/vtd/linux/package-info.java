// SPDX-License-Identifier: Apache-2.0

/** The kernel's code, run on the modelled unit through {@link iommu.vtd.linux.BenchKernel}. */
package iommu.vtd.linux;
