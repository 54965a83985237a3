// SPDX-License-Identifier: Apache-2.0
package iommu.legacy;

import iommu.api.profile.KernelProfile;
import iommu.api.profile.KernelVersion;
import iommu.api.unit.IommuVendor;
import iommu.legacy.calgary.vendor.CalgaryVendor;
import iommu.legacy.gart.vendor.GartVendor;
import iommu.testkit.conformance.HostileTables;
import iommu.testkit.conformance.VendorCheck;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;

/**
 * Our own vendors keep to the rules that strangers' are held to. Their kernels give out addresses
 * by ways of their own: what is about single mappings their own tests say.
 */
class ConformanceTest {

    private static final KernelProfile LINUX = KernelProfile.linux(KernelVersion.parse("2.6.27"));
    private static final List<IommuVendor> VENDORS =
            List.of(new CalgaryVendor(), new GartVendor());

    @ParameterizedTest
    @FieldSource("VENDORS")
    void aVendorIsWellNamed(IommuVendor vendor) {
        new VendorCheck(vendor, LINUX).isWellNamed();
    }

    /**
     * Not so the northbridge: its registers are of 4 bytes, it is off by sending elsewhere, and its
     * aperture is larger than the machine of these rules has memory.
     */
    @Test
    void calgaryIsOffAfterAResetAndTakesAnyWriteAndAnyTable() {
        new VendorCheck(new CalgaryVendor(), LINUX).isOffAfterAReset();
        new HostileTables(new CalgaryVendor(), LINUX).anyRegisterMayBeWritten();
        new HostileTables(new CalgaryVendor(), LINUX).anyTableMayBeFound();
    }
}
