// SPDX-License-Identifier: Apache-2.0
package iommu.amdvi.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import iommu.amdvi.linux.KernelQuirks.Disabled;
import iommu.amdvi.linux.KernelQuirks.HandOver;
import iommu.amdvi.vendor.AmdViVendor;
import iommu.api.profile.KernelProfile;
import iommu.api.profile.KernelVersion;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
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
        "2.6.30, false, false, false, CLEAN", "2.6.31, true, true, false, CLEAN",
        "2.6.33, true, true, false, CLEAN", "2.6.34, false, false, false, CLEAN",
        "3.6, false, false, false, CLEAN", "3.7, false, false, true, CLEAN",
        "4.13, false, false, true, CLEAN", "4.14, false, false, true, COPY",
        "6.1, false, false, true, COPY", "6.17, false, false, true, COPY",
        "6.18, false, false, true, IN_PLACE", "7.3, false, false, true, IN_PLACE"})
    void versionsDiffer(String version, boolean crashDisables, boolean attachesFirst,
            boolean early, HandOver handOver) {
        KernelQuirks quirks = KernelQuirks.of(linux(version));
        assertThat(quirks.version()).hasToString(version);
        assertThat(List.of(quirks.crashDisables(), quirks.attachesFirst(), quirks.enablesEarly(),
                quirks.handOver()))
                .isEqualTo(List.of(crashDisables, attachesFirst, early, handOver));
        assertThat(quirks.encryptionBit()).isZero();
        assertThat(quirks.disabled()).isEqualTo(Disabled.NO);
        assertThat(quirks.remapsInterrupts()).isTrue();
        assertThat(quirks.isKdump()).isTrue();
    }

    @ParameterizedTest
    @CsvSource({
        "4.13, true, false, 8, false, false", "5.2, true, false, 8, false, false",
        "5.3, true, false, 8, true, false", "5.9, true, false, 8, true, false",
        "5.10, true, false, 9, true, false", "6.12, true, false, 9, true, false",
        "6.13, true, true, 9, true, false", "6.14, true, true, 9, true, true",
        "6.17, true, true, 9, true, true", "6.18, false, false, 9, true, true",
        "6.18.2, false, false, 9, true, true", "6.18.3, true, false, 9, true, true",
        "6.19, true, false, 9, true, true", "7.3, true, false, 9, true, true"})
    void domainIdsAndEntriesAreTreatedInTheWaysOfTheVersion(String version, boolean reserves,
            boolean refusesShared, int length, boolean flushesOld, boolean twice) {
        KernelQuirks quirks = KernelQuirks.of(linux(version));
        assertThat(List.of(quirks.reservesIds(), quirks.refusesSharedIds(),
                quirks.interruptTableLength(), quirks.flushesOldDomain(),
                quirks.flushesEntryTwice()))
                .isEqualTo(List.of(reserves, refusesShared, length, flushesOld, twice));
    }

    @ParameterizedTest
    @CsvSource({"4.12, false", "4.13, true", "5.11, true", "5.12, false", "7.3, false"})
    void amdIommuOffSwitchedUnitsOffForAWhile(String version, boolean disables) {
        assertThat(KernelQuirks.of(linux(version)).offDisables()).isEqualTo(disables);
    }

    @ParameterizedTest
    @CsvSource({"6.6.116, false", "6.6.117, true", "6.6.119, true", "6.6.120, false",
        "6.12.57, false", "6.12.58, true", "6.12.64, true", "6.12.65, false", "6.11, false",
        "5.10.247, true", "5.10.248, false", "6.18, false"})
    void stableBranchesHadHalfAChangeForAFewReleases(String version, boolean half) {
        assertThat(KernelQuirks.of(linux(version)).keepsBufferBases()).isEqualTo(half);
    }

    @ParameterizedTest
    @CsvSource({"crashDisables, 1", "attachesFirst, 1", "enablesEarly, 0", "handOver, 2",
        "encryptionBit, 47", "reservesIds, 0", "refusesSharedIds, 1", "interruptTableLength, 8",
        "flushesOldDomain, 0", "flushesEntryTwice, 1", "keepsBufferBases, 1", "disabled, 1",
        "disabled, 2", "enablesEventsLate, 1", "offDisables, 1", "interruptRemapping, 0",
        "kdump, 0"})
    void settingsOverrideTheVersion(String name, long value) {
        assertThat(KernelQuirks.of(linux("6.1").with("amdvi." + name, value)))
                .isNotEqualTo(KernelQuirks.of(linux("6.1")));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "amdvi.handOver | 3 | amdvi.handOver = 3, expected 0 to 2: table and"
            + " buffers are used where they lie, as SNP needs; size equal, below 4 GiB",
        "amdvi.crashDisables | -1 | amdvi.crashDisables = -1, expected 0 to 1: the "
            + "crashing kernel leaves its units on",
        "amdvi.x | 0 | unknown kernel setting 'amdvi.x', expected one of amdvi.attachesFirst,"
            + " amdvi.crashDisables, amdvi.disabled, amdvi.enablesEarly,"
            + " amdvi.enablesEventsLate, amdvi.encryptionBit,"
            + " amdvi.flushesEntryTwice, amdvi.flushesOldDomain,"
            + " amdvi.groupsShareDomain, amdvi.handOver,"
            + " amdvi.interruptRemapping, amdvi.interruptTableLength, amdvi.kdump,"
            + " amdvi.keepsBufferBases, amdvi.offDisables, amdvi.refusesSharedIds,"
            + " amdvi.reservesIds"})
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
        assertThat(new AmdViVendor().kernelSettings()).hasSize(17)
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
