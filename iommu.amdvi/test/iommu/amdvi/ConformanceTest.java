// SPDX-License-Identifier: Apache-2.0
package iommu.amdvi;

import iommu.api.profile.KernelProfile;
import iommu.api.profile.KernelVersion;
import iommu.api.unit.IommuVendor;
import iommu.testkit.conformance.VendorConformance;
import iommu.amdvi.vendor.AmdViVendor;
import java.util.List;
import java.util.stream.Stream;

/** Our own vendor keeps to the rules that strangers' are held to. */
class ConformanceTest extends VendorConformance {

    @Override
    protected IommuVendor vendor() {
        return new AmdViVendor();
    }

    @Override
    protected List<KernelProfile> kernels() {
        return Stream.of("3.10", "4.14", "6.1").map(KernelVersion::parse)
                .map(KernelProfile::linux).toList();
    }
}
