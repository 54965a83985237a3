// SPDX-License-Identifier: Apache-2.0

/** Tests of layouts and sizes. */
package iommu.legacy.calgary;
