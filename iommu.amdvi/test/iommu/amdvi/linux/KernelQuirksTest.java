// SPDX-License-Identifier: Apache-2.0
package iommu.amdvi.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import iommu.amdvi.linux.KernelQuirks.HandOver;
import iommu.amdvi.vendor.AmdViVendor;
import iommu.api.profile.KernelProfile;
import iommu.api.profile.KernelVersion;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Which version does what, and which settings override it. */
class KernelQuirksTest {

    private static KernelProfile linux(String version) {
        return KernelProfile.linux(KernelVersion.parse(version));
    }

    @ParameterizedTest
    @CsvSource({
        "2.6.33, true, true, false, CLEAN", "2.6.34, false, false, false, CLEAN",
        "3.6, false, false, false, CLEAN", "3.7, false, false, true, CLEAN",
        "4.14, false, false, true, CLEAN", "4.15, false, false, true, COPY",
        "6.1, false, false, true, COPY", "6.17, false, false, true, COPY",
        "6.18, false, false, true, IN_PLACE", "7.3, false, false, true, IN_PLACE"})
    void versionsDiffer(String version, boolean crashDisables, boolean attachesFirst,
            boolean early, HandOver handOver) {
        assertThat(KernelQuirks.of(linux(version))).isEqualTo(new KernelQuirks(
                KernelVersion.parse(version), crashDisables, attachesFirst, early, handOver, 0));
    }

    @ParameterizedTest
    @CsvSource({"crashDisables, 1", "attachesFirst, 1", "enablesEarly, 0", "handOver, 2",
        "encryptionBit, 47"})
    void settingsOverrideTheVersion(String name, long value) {
        assertThat(KernelQuirks.of(linux("6.1").with("amdvi." + name, value)))
                .isNotEqualTo(KernelQuirks.of(linux("6.1")));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "amdvi.handOver | 3 | amdvi.handOver = 3, expected 0 to 2: table and"
            + " buffers are used where they lie, as SNP needs; size equal, below 4 GiB, every"
            + " domain id reserved",
        "amdvi.crashDisables | -1 | amdvi.crashDisables = -1, expected 0 to 1: the "
            + "crashing kernel leaves its units on",
        "amdvi.x | 0 | unknown kernel setting 'amdvi.x', expected one of amdvi.attachesFirst,"
            + " amdvi.crashDisables, amdvi.enablesEarly, amdvi.encryptionBit, amdvi.handOver"})
    void othersAreRefused(String name, long value, String message) {
        assertThatThrownBy(() -> KernelQuirks.of(linux("6.1").with(name, value)))
                .isInstanceOf(IllegalArgumentException.class).hasMessage(message);
    }

    @Test
    void theDocumentHasTheRowsOfTheTableAndNoOthers() throws IOException {
        Path document = Path.of(System.getProperty("lab.root", ".."), "docs", "kernels.md");
        assertThat(Files.readAllLines(document)).filteredOn(l -> l.startsWith("| `amdvi."))
                .isEqualTo(Stream.of(KernelSetting.values()).flatMap(s -> s.rows().stream())
                        .toList());
    }

    @Test
    void settingsOfOtherVendorsAreNoneOfOurs() {
        KernelQuirks.of(linux("6.1").with("vtd.anything", 9));
        assertThat(new AmdViVendor().kernelSettings()).hasSize(5)
                .allMatch(name -> name.startsWith("amdvi."));
    }

    @Test
    void theEncryptionBitIsTakenOutOfAddresses() {
        assertThat(KernelQuirks.of(linux("6.1")).plain(0x8000_1234_5000L))
                .isEqualTo(0x8000_1234_5000L);
        assertThat(KernelQuirks.of(linux("6.1").with("amdvi.encryptionBit", 47))
                .plain(0x8000_1234_5000L)).isEqualTo(0x1234_5000L);
    }
}
