// SPDX-License-Identifier: Apache-2.0
package iommu.vtd;

import iommu.api.profile.KernelProfile;
import iommu.api.profile.KernelVersion;
import iommu.api.unit.IommuVendor;
import iommu.testkit.conformance.VendorConformance;
import iommu.vtd.vendor.VtdVendor;
import java.util.List;
import java.util.stream.Stream;

/** Our own vendor keeps to the rules that strangers' are held to. */
class ConformanceTest extends VendorConformance {

    @Override
    protected IommuVendor vendor() {
        return new VtdVendor();
    }

    @Override
    protected List<KernelProfile> kernels() {
        return Stream.of("4.19", "6.1", "6.12").map(KernelVersion::parse)
                .map(KernelProfile::linux).toList();
    }
}
