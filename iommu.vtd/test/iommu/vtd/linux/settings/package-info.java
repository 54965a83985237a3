// SPDX-License-Identifier: Apache-2.0

/** Tests of the settings of kernels. */
package iommu.vtd.linux.settings;
