// SPDX-License-Identifier: Apache-2.0

/**
 * What every policy, every device model and every vendor must keep to, whatever its idea: it
 * answers all that it may be asked, in bounded time and work, the same each time, and asks for
 * nothing that no machine could do. For tests of JUnit 5: a class that extends {@link
 * iommu.testkit.conformance.PolicyConformance} and says what it is about has all of them. What
 * holds here need not come out well in a run; what fails here is <em>broken</em> there.
 */
@Export
@Version("0.1.0")
package iommu.testkit.conformance;

import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
