// SPDX-License-Identifier: Apache-2.0
package iommu.legacy.calgary.unit;

import static iommu.api.pcie.CompletionStatus.COMPLETER_ABORT;
import static iommu.api.pcie.CompletionStatus.UNSUPPORTED_REQUEST;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import iommu.api.profile.UnitProfile;
import iommu.api.unit.BlockedRequests;
import iommu.api.unit.BlockedRequests.WriteReport;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Each setting at its bounds and one beyond. */
class UnitSettingsTest {

    private static UnitSettings with(String key, long value) {
        return UnitSettings.of(new UnitProfile("calgary", "x3950", 0xfec0_0000L, Map.of(),
                Map.of(key, value)));
    }

    @Test
    void whatIsNotSetIsUsual() {
        UnitSettings usual = UnitSettings.of(
                new UnitProfile("calgary", "x3950", 0, Map.of(), Map.of()));
        assertThat(usual.cacheEntries()).isEqualTo(256);
        assertThat(usual.blockedRequests())
                .isEqualTo(new BlockedRequests(COMPLETER_ABORT, WriteReport.NONE));
        assertThat(usual).isEqualTo(with("cacheEntries", 256))
                .isEqualTo(with("blockedReadAborts", 1)).isEqualTo(with("blockedWriteReport", 0));
    }

    @Test
    void allPowersOfTwoUpToTheMostAreRoom() {
        for (int shift = 0; shift <= 16; shift++) {
            assertThat(with("cacheEntries", 1L << shift).cacheEntries()).isEqualTo(1 << shift);
        }
    }

    @ParameterizedTest
    @CsvSource({"blockedReadAborts, 0, UNSUPPORTED_REQUEST, NONE",
        "blockedReadAborts, 1, COMPLETER_ABORT, NONE",
        "blockedReadAborts, 2, COMPLETION_TIMEOUT, NONE",
        "blockedWriteReport, 0, COMPLETER_ABORT, NONE",
        "blockedWriteReport, 1, COMPLETER_ABORT, PORT_AER",
        "blockedWriteReport, 2, COMPLETER_ABORT, FIRMWARE_FIRST"})
    void oneSettingLeavesTheOthers(String key, long value, String status, WriteReport report) {
        BlockedRequests blocked = with(key, value).blockedRequests();
        assertThat(blocked.readStatus().name()).isEqualTo(status);
        assertThat(blocked.writeReport()).isSameAs(report);
        assertThat(with(key, value).cacheEntries()).isEqualTo(256);
    }

    @ParameterizedTest(name = "{0} = {1}")
    @CsvSource(delimiter = '|', value = {
        "cacheEntries | 0 | cacheEntries = 0, not 1 to 65536",
        "cacheEntries | -1 | cacheEntries = -1, not 1 to 65536",
        "cacheEntries | 65537 | cacheEntries = 65537, not 1 to 65536",
        "cacheEntries | 131072 | cacheEntries = 131072, not 1 to 65536",
        "cacheEntries | 4294967297 | cacheEntries = 4294967297, not 1 to 65536",
        "cacheEntries | 3 | cacheEntries = 3, not a power of two",
        "cacheEntries | 65535 | cacheEntries = 65535, not a power of two",
        "blockedReadAborts | -1 | blockedReadAborts = -1, not 0 to 2",
        "blockedReadAborts | 3 | blockedReadAborts = 3, not 0 to 2",
        "blockedReadAborts | 4294967296 | blockedReadAborts = 4294967296, not 0 to 2",
        "blockedWriteReport | -1 | blockedWriteReport = -1, not 0 to 2",
        "blockedWriteReport | 3 | blockedWriteReport = 3, not 0 to 2",
        "calioc2 | 2 | calioc2 = 2, not 0 to 1"})
    void outOfRangeIsRefusedByItsName(String key, long value, String said) {
        assertThatIllegalArgumentException().isThrownBy(() -> with(key, value)).withMessage(said);
    }

    @ParameterizedTest
    @ValueSource(strings = {"cacheentries", "calgary.cacheEntries", "", "entries"})
    void anotherNameIsRefusedWithThoseThatAreKnown(String key) {
        assertThatIllegalArgumentException().isThrownBy(() -> with(key, 1))
                .withMessageStartingWith("unknown setting '" + key + "' of a calgary unit; known: ")
                .satisfies(e -> assertThat(UnitSettings.KNOWN).hasSize(4)
                        .allMatch(e.getMessage()::contains));
    }

    @Test
    void readsOnlyAreCompletedWithOneOfTwoErrors() {
        assertThat(BlockedRequests.of(0, 0)).isEqualTo(BlockedRequests.QUIET);
        assertThat(BlockedRequests.of(0, 1).readStatus()).isEqualTo(UNSUPPORTED_REQUEST);
        assertThat(BlockedRequests.of(1, 1).readStatus()).isEqualTo(COMPLETER_ABORT);
    }
}
