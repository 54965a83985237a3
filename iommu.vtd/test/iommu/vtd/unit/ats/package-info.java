// SPDX-License-Identifier: Apache-2.0

/** Tests of the package of the same name: each cache against a plain map. */
package iommu.vtd.unit.ats;
