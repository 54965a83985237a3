// SPDX-License-Identifier: Apache-2.0

/**
 * Tests that draw what they do from a seed, and say how to repeat the one that failed. Knows JUnit
 * alone, so that the tests of any project can use it, those of iommu.api included.
 */
@Export
@Version("0.1.0")
package iommu.testkit.seeds;

import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
