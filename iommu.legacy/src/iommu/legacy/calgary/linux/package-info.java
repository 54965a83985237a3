// SPDX-License-Identifier: Apache-2.0

/** What Linux does to a Calgary chip, from 2.6.24 up to 5.3, by kernel version. */
package iommu.legacy.calgary.linux;
