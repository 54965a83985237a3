// SPDX-License-Identifier: Apache-2.0

/** The service. */
package iommu.vtd.vendor;
