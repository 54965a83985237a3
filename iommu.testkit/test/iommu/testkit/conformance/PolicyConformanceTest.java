// SPDX-License-Identifier: Apache-2.0
package iommu.testkit.conformance;

import iommu.api.kdump.HandoverPolicy;

/** A policy that leaves the kernel alone keeps to the rules, as a stranger's test would say it. */
class PolicyConformanceTest extends PolicyConformance {

    @Override
    protected HandoverPolicy policy() {
        return (event, view, notes) -> view.ownSteps(event);
    }
}
