// SPDX-License-Identifier: Apache-2.0

/** The layouts against the rows of the manual, and the rules of this bundle. */
package iommu.vtd;
