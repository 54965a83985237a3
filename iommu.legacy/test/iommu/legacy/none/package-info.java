// SPDX-License-Identifier: Apache-2.0

/** Tests of mapping without anything. */
package iommu.legacy.none;
