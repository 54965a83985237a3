// SPDX-License-Identifier: Apache-2.0

/** What Linux does to the GART of a northbridge, by kernel version. */
package iommu.legacy.gart.linux;
