// SPDX-License-Identifier: Apache-2.0

/** Tests of the fakes: what tests lean on must itself stand. */
package iommu.testkit;
