// SPDX-License-Identifier: Apache-2.0

/**
 * Bounce buffers (swiotlb): what a device does not reach is copied to and from where it does.
 *
 * <p>Not modelled: pools of single devices, growth on demand (6.6), memory encryption.
 */
package iommu.legacy.swiotlb;
