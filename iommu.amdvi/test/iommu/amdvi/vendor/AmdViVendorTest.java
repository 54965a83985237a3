// SPDX-License-Identifier: Apache-2.0
package iommu.amdvi.vendor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import iommu.api.memory.AddressRange;
import iommu.api.memory.PhysicalMemory;
import iommu.api.profile.UnitProfile;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** The service that machines ask for. */
class AmdViVendorTest {

    private final PhysicalMemory memory =
            new PhysicalMemory(List.of(new AddressRange(0, 1 << 20)), 0);

    private static UnitProfile profile() {
        return new UnitProfile("amdvi", "test", 0xfed8_0000L, Map.of(), Map.of());
    }

    @Test
    void theVendorIsCalledAmdvi() {
        assertThat(new AmdViVendor().name()).isEqualTo("amdvi");
    }

    @Test
    void interruptTablesHangOffTheDeviceTable() {
        assertThat(new AmdViVendor().interruptsShareTables()).isTrue();
    }

    @Test
    void eachUnitIsAnother() {
        var vendor = new AmdViVendor();
        assertThat(vendor.unit(profile(), memory)).isNotSameAs(vendor.unit(profile(), memory));
        assertThat(vendor.unit(profile(), memory).translating()).isFalse();
    }

    @Test
    void unknownSettingsAreRefused() {
        var vendor = new AmdViVendor();
        assertThatThrownBy(() -> vendor.unit(profile().with("vtdSetting", 1), memory))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("vtdSetting").hasMessageContaining("snpLocked");
    }
}
