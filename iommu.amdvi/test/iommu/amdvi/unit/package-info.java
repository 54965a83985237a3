// SPDX-License-Identifier: Apache-2.0

/** Tests of the unit: tables are written entry by entry, registers as software writes them. */
package iommu.amdvi.unit;
