// SPDX-License-Identifier: Apache-2.0
package iommu.testkit.conformance;

import example.device.MyDevice;
import example.policy.MyPolicy;
import example.vendor.MyVendor;
import iommu.api.kdump.HandoverPolicy;
import iommu.api.pcie.DeviceModel;
import iommu.api.profile.KernelProfile;
import iommu.api.profile.KernelVersion;
import iommu.api.unit.IommuVendor;
import iommu.testkit.FakeFunction;
import java.util.List;
import org.junit.jupiter.api.Nested;

/** The examples that {@code ./lab kit} writes keep to the rules: without Maven, too. */
class ExamplesTest {

    @Nested
    class APolicy extends PolicyConformance {

        @Override
        protected HandoverPolicy policy() {
            return new MyPolicy();
        }
    }

    @Nested
    class ADevice extends DeviceConformance {

        @Override
        protected DeviceModel model() {
            return new MyDevice();
        }

        @Override
        protected FakeFunction function() {
            var function = new FakeFunction(0x0018, 0x018000);
            function.writeConfig(0x00, 4, 0x0001_1234);
            return function;
        }
    }

    @Nested
    class AVendor extends VendorConformance {

        @Override
        protected IommuVendor vendor() {
            return new MyVendor();
        }

        @Override
        protected List<KernelProfile> kernels() {
            return List.of(KernelProfile.linux(KernelVersion.parse("6.1")));
        }
    }
}
