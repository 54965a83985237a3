// SPDX-License-Identifier: Apache-2.0

/** How kernels map that have neither a unit nor bounce buffers. */
package iommu.legacy.none;
