// SPDX-License-Identifier: Apache-2.0

/** Tests of the chip. */
package iommu.legacy.calgary.unit;
