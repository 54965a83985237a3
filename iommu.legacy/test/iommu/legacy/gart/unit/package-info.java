// SPDX-License-Identifier: Apache-2.0

/** Tests of the unit. */
package iommu.legacy.gart.unit;
