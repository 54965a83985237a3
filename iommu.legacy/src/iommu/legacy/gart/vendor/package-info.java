// SPDX-License-Identifier: Apache-2.0

/** Joins unit and kernel code into the service that machines ask for the vendor "gart". */
package iommu.legacy.gart.vendor;
