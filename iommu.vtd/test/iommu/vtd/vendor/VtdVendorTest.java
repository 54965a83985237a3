// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.vendor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import iommu.api.memory.AddressRange;
import iommu.api.memory.PhysicalMemory;
import iommu.api.profile.UnitProfile;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class VtdVendorTest {

    private final PhysicalMemory memory =
            new PhysicalMemory(List.of(new AddressRange(0, 1 << 20)), 1);

    @Test
    void itsNameIsTheOneMachineDescriptionsUse() {
        assertThat(new VtdVendor().name()).isEqualTo("vtd");
    }

    @Test
    void eachUnitIsItsOwn() {
        var profile = new UnitProfile("vtd", "spec", 0xfed9_0000L, Map.of(), Map.of());
        var one = new VtdVendor().unit(profile, memory);
        var other = new VtdVendor().unit(profile, memory);
        one.writeRegister(0x18, 4, 0x8000_0000L);
        assertThat(one.translating()).isTrue();
        assertThat(other.translating()).isFalse();
        assertThat(one.fault(0x06).key()).isEqualTo("vtd:0x06");
    }

    @Test
    void anUnknownSettingIsRefused() {
        var profile = new UnitProfile("vtd", "spec", 0, Map.of(), Map.of()).with("warp", 9);
        assertThatThrownBy(() -> new VtdVendor().unit(profile, memory))
                .isInstanceOf(IllegalArgumentException.class).hasMessageContaining("'warp'");
    }
}
