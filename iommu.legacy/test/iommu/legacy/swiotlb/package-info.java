// SPDX-License-Identifier: Apache-2.0

/** Tests of bounce buffers. */
package iommu.legacy.swiotlb;
