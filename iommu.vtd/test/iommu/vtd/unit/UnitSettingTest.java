// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.unit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import iommu.vtd.unit.registers.HardwareProfiles;
import iommu.vtd.unit.registers.UnitSetting;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The table of settings, what is refused by it, and what the documentation says of it. */
class UnitSettingTest {

    @Test
    void theDocumentationHasEachRowAndNoOther() throws Exception {
        var told = Files.readAllLines(Path.of("../docs/units.md")).stream()
                .filter(line -> line.startsWith("| `vtd.")).toList();
        assertThat(told).containsExactlyElementsOf(
                Arrays.stream(UnitSetting.values()).map(UnitSetting::row).toList());
    }

    @Test
    void profilesKnowEachByItsName() {
        assertThat(HardwareProfiles.settings()).containsExactlyInAnyOrderElementsOf(
                Arrays.stream(UnitSetting.values()).map(UnitSetting::key).toList());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "hostAddressWidth | 53 | hostAddressWidth = 53, not 32 to 52",
        "hostAddressWidth | 31 | hostAddressWidth = 31, not 32 to 52",
        "collapseFaults | 2 | collapseFaults = 2, not 0 to 1",
        "iotlbEntries | 2 | iotlbEntries = 2, not 4 to 65536",
        "iotlbEntries | 48 | iotlbEntries = 48, not a power of two",
        "structureCacheEntries | -1 | structureCacheEntries = -1, not 0 to 65536",
        "protectedMemoryAlignment | 11 | protectedMemoryAlignment = 11, not 12 to 31",
        "deviceTlbTimeoutMillis | 0 | deviceTlbTimeoutMillis = 0, not 1 to 1073741824",
    })
    void aValueOutOfRangeIsRefused(String name, long value, String words) {
        var settings = Map.of(name, value);
        assertThatThrownBy(() -> Bench.legacy(Bench.CAP, Bench.ECAP, settings))
                .isInstanceOf(IllegalArgumentException.class).hasMessage(words);
    }
}
