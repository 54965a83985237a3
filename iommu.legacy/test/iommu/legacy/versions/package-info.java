// SPDX-License-Identifier: Apache-2.0

/** Tests of settings. */
package iommu.legacy.versions;
