// SPDX-License-Identifier: Apache-2.0

/** Two kernels on one unit: what the second takes over, of each version and of the recordings. */
package iommu.vtd.linux.handover;
