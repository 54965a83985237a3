// SPDX-License-Identifier: Apache-2.0
package iommu.amdvi.unit.settings;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import iommu.api.profile.UnitProfile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The table of settings is what units take, what refusals say and what the document tells. */
class UnitSettingTest {

    private static UnitProfile with(String key, long value) {
        return new UnitProfile("amdvi", "test", 0xfed8_0000L, Map.of(), Map.of(key, value));
    }

    @Test
    void theDocumentHasTheRowsOfTheTableAndNoOthers() throws IOException {
        Path document = Path.of(System.getProperty("lab.root", ".."), "docs", "units.md");
        assertThat(Files.readAllLines(document)).filteredOn(l -> l.startsWith("| `amdvi."))
                .isEqualTo(Stream.of(UnitSetting.values()).map(UnitSetting::row).toList());
    }

    @Test
    void withoutSettingsAUnitHasTheDefaults() {
        var nothing = new UnitProfile("amdvi", "test", 0xfed8_0000L, Map.of(), Map.of());
        for (UnitSetting setting : UnitSetting.values()) {
            assertThat(UnitSettings.of(with(setting.key(), setting.otherwise())))
                    .isEqualTo(UnitSettings.of(nothing));
        }
        assertThat(HardwareProfiles.named().get("spec").settings()).hasSize(12)
                .containsEntry("tlbEntries", 1024L).containsEntry("asQemu", 0L);
    }

    @ParameterizedTest
    @CsvSource({"snpLocked, 1", "flushOnDisable, 1", "cacheNotPresent, 1", "asQemu, 1", "front, 0",
        "dteCacheEntries, 4", "directoryCacheEntries, 8", "tlbEntries, 65536",
        "interruptCacheEntries, 16", "blockedReadAborts, 0", "blockedWriteReport, 2",
        "qemuVersion, 10", "qemuRemaps, 0", "qemuMessages, 0"})
    void eachSettingCounts(String key, long value) {
        assertThat(UnitSettings.of(with(key, value)))
                .isNotEqualTo(UnitSettings.of(with("snpLocked", 0)));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "snpLocked | 2 | snpLocked = 2, not 0 to 1: SNP is enforced: base registers ignore writes",
        "tlbEntries | 12 | tlbEntries = 12, not a power of two, 4 to 65536: size of the TLB",
        "tlbEntries | 2 | tlbEntries = 2, not a power of two, 4 to 65536: size of the TLB",
        "tlbEntries | 131072 | tlbEntries = 131072, not a power of two, 4 to 65536: size of the"
            + " TLB",
        "ways | 4 | unknown setting 'ways' of an amdvi unit; known: [asQemu, blockedReadAborts,"
            + " blockedWriteReport, cacheNotPresent, directoryCacheEntries, dteCacheEntries,"
            + " flushOnDisable, front,"
            + " interruptCacheEntries, qemuMessages, qemuRemaps, qemuVersion, snpLocked,"
            + " tlbEntries]"})
    void whatIsNotInTheTableIsRefused(String key, long value, String message) {
        assertThatThrownBy(() -> UnitSettings.of(with(key, value)))
                .isInstanceOf(IllegalArgumentException.class).hasMessage(message);
    }
}
