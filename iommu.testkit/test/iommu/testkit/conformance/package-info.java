// SPDX-License-Identifier: Apache-2.0

/** Tests of the rules: each finds who breaks it. */
package iommu.testkit.conformance;
