// SPDX-License-Identifier: Apache-2.0

/** Tests of the caches by themselves. */
package iommu.amdvi.unit.caches;
