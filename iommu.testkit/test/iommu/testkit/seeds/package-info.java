// SPDX-License-Identifier: Apache-2.0

/** Tests of the package of the same name, by running tests inside a test. */
package iommu.testkit.seeds;
