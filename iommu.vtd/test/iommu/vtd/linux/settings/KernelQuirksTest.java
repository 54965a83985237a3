// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.linux.settings;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import iommu.api.profile.KernelProfile;
import iommu.api.profile.KernelVersion;
import iommu.vtd.linux.LinuxVtdDriver;
import iommu.vtd.linux.settings.KernelQuirks.TearDown;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class KernelQuirksTest {

    private static KernelProfile linux(String version) {
        return KernelProfile.linux(KernelVersion.parse(version));
    }


    private static KernelQuirks quirks(String kernel) {
        return KernelQuirks.of(linux(kernel));
    }

    @ParameterizedTest
    @CsvSource({"2.6.34, 0, 0, 0, 1, 0, 0, 0", "3.9, 0, 0, 0, 1, 0, 0, 0",
            "3.10, 1, 0, 0, 1, 0, 0, 0", "4.1, 1, 0, 0, 1, 0, 0, 0", "4.2, 1, 1, 0, 1, 0, 0, 0",
            "4.9, 1, 1, 0, 1, 0, 0, 0", "4.10, 1, 1, 0, 1, 1, 0, 0", "5.0, 1, 1, 1, 1, 1, 0, 0",
            "5.15.68, 1, 1, 1, 1, 1, 0, 0", "5.15.69, 1, 1, 1, 0, 1, 0, 0",
            "5.16, 1, 1, 1, 1, 1, 0, 0", "5.19.9, 1, 1, 1, 1, 1, 0, 0",
            "5.19.10, 1, 1, 1, 0, 1, 0, 0", "6.0, 1, 1, 1, 0, 1, 0, 0",
            "6.1, 1, 1, 1, 0, 1, 0, 0", "6.9, 1, 1, 1, 0, 1, 1, 0", "7.1, 1, 1, 1, 0, 1, 1, 0",
            "7.2, 1, 1, 1, 0, 1, 1, 0", "7.3, 1, 1, 1, 0, 1, 1, 1"})
    void eachVersionHasItsWays(String kernel, int loadsStatus, int copies, int scalable,
            int marks, int flushesOld, int flushesAll, int upperHalf) {
        KernelQuirks w = quirks(kernel);
        assertThat(List.of(w.loadsStatus(), w.copiesTables(), w.knowsScalableMode(),
                w.marksEntries(), w.flushesOldDomain(), w.flushesAllScalable(),
                w.keepsUpperHalf())).isEqualTo(List.of(loadsStatus == 1, copies == 1,
                scalable == 1, marks == 1, flushesOld == 1, flushesAll == 1, upperHalf == 1));
        assertThat(w.copiesInterruptTable()).isEqualTo(w.copiesTables());
        assertThat(w.reservesPasidIds()).isFalse();
    }

    @ParameterizedTest
    @CsvSource({"4.1, false", "5.2, false", "5.3, true", "6.1, true"})
    void functionsAreAttachedAtACleanStartFrom53On(String kernel, boolean attaches) {
        assertThat(quirks(kernel).attachesAtStart()).isEqualTo(attaches);
    }

    @ParameterizedTest
    @CsvSource({"5.0, false", "5.5, false", "5.6, true", "6.1, true"})
    void theFirstStageIsUsedFrom56On(String kernel, boolean uses) {
        assertThat(quirks(kernel).usesFirstStage()).isEqualTo(uses);
    }

    @ParameterizedTest
    @CsvSource({"4.10, FLUSH_THEN_CLEAR", "6.11, FLUSH_THEN_CLEAR", "6.12, CLEAR_THEN_FLUSH",
            "7.2, CLEAR_THEN_FLUSH", "7.3, PRESENT_BIT_FIRST", "8.0, PRESENT_BIT_FIRST"})
    void theOrderOfTheTearDownChangedTwice(String kernel, TearDown order) {
        assertThat(quirks(kernel).tearDown()).isEqualTo(order);
    }

    @ParameterizedTest
    @CsvSource({"2.6.30, 0, 0, 0, 0, 1, 0, 0", "2.6.31, 1, 0, 0, 0, 1, 0, 0",
            "5.0, 1, 0, 0, 0, 1, 0, 0", "5.1, 1, 1, 0, 0, 1, 0, 0", "6.8, 1, 1, 0, 0, 1, 0, 0",
            "6.9, 1, 1, 0, 0, 1, 1, 0", "6.11, 1, 1, 0, 0, 1, 1, 0", "6.12, 1, 1, 1, 0, 1, 1, 0",
            "6.15, 1, 1, 1, 1, 0, 1, 0", "6.15.5, 1, 1, 1, 1, 0, 1, 0",
            "6.15.6, 1, 1, 1, 1, 1, 1, 0", "6.16, 1, 1, 1, 1, 1, 1, 0",
            "7.0, 1, 1, 1, 1, 1, 1, 1"})
    void deviceTlbsAreUsedInTheWaysOfTheVersion(String kernel, int enables, int checks,
            int prepares, int atProbe, int tags, int givesUp, int asks) {
        KernelQuirks w = quirks(kernel);
        assertThat(List.of(w.enablesAts(), w.checksAlignment(), w.preparesAts(),
                w.enablesAtsAtProbe(), w.tagsDeviceTlb(), w.givesUpAbsent(), w.asksPresence()))
                .isEqualTo(List.of(enables == 1, checks == 1, prepares == 1, atProbe == 1,
                        tags == 1, givesUp == 1, asks == 1));
    }

    @ParameterizedTest
    @ValueSource(strings = {"vtd.loadsStatus", "vtd.copiesTables", "vtd.copiesInterruptTable",
            "vtd.knowsScalableMode", "vtd.usesFirstStage", "vtd.attachesAtStart",
            "vtd.marksEntries", "vtd.flushesOldDomain",
            "vtd.flushesAllScalable", "vtd.reservesPasidIds", "vtd.keepsUpperHalf",
            "vtd.enablesAts", "vtd.checksAlignment", "vtd.preparesAts",
            "vtd.enablesAtsAtProbe", "vtd.tagsDeviceTlb", "vtd.givesUpAbsent",
            "vtd.asksPresence"})
    void aSettingOverridesTheVersion(String name) {
        var off = KernelQuirks.of(linux("6.1").with(name, 0));
        var on = KernelQuirks.of(linux("6.1").with(name, 1));
        assertThat(off).isNotEqualTo(on);
        assertThat(List.of(off, on)).as("one of them is 6.1").contains(quirks("6.1"));
        assertThatThrownBy(() -> KernelQuirks.of(linux("6.1").with(name, 2)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(name + " = 2, expected 0 to 1");
    }

    @Test
    void theDocumentationHasTheRowsOfEachAndNoOther() throws Exception {
        var told = Files.readAllLines(Path.of("../docs/kernels.md")).stream()
                .filter(line -> line.startsWith("| `vtd.")).toList();
        var rows = Stream.concat(
                Arrays.stream(KernelSetting.values()).flatMap(s -> s.rows().stream()),
                Arrays.stream(BootSetting.values()).map(BootSetting::row)).toList();
        assertThat(told).hasSameSizeAs(rows);
        for (int i = 0; i < rows.size(); i++) {
            assertThat(told.get(i)).startsWith(rows.get(i));
        }
    }

    @Test
    void theTearDownIsSetByNumber() {
        assertThat(KernelQuirks.of(linux("6.1").with("vtd.tearDown", 2)).tearDown())
                .isEqualTo(TearDown.PRESENT_BIT_FIRST);
        var wrong = linux("6.1").with("vtd.tearDown", 3);
        assertThatThrownBy(() -> KernelQuirks.of(wrong))
                .hasMessage("vtd.tearDown = 3, expected 0 to 2");
    }

    @ParameterizedTest
    @CsvSource({"'', AS_FOUND, as found", "intel_iommu=on, AS_FOUND, as found",
        "'ro intel_iommu=on,sm_on\n', ON, on", "'intel_iommu=sm_off quiet', OFF, off",
        "'intel_iommu=sm_on intel_iommu=on,sm_off', OFF, off", "root=/sm_on, AS_FOUND, as found"})
    void theCommandLineDecidesOnScalableMode(String line, ScalableMode mode, String words) {
        var option = LinuxVtdDriver.options(line).get(0);
        var kernel = linux("6.1").with(option.setting(), option.value());
        assertThat(KernelQuirks.of(kernel).scalableMode()).isEqualTo(mode);
        assertThat(option.words()).isEqualTo("scalable mode " + words);
        assertThat(LinuxVtdDriver.settings()).contains(option.setting());
    }

    @Test
    void unknownSettingsAreRefusedAndThoseOfOthersLeftAlone() {
        assertThatThrownBy(() -> KernelQuirks.of(linux("6.1").with("vtd.copies", 1)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("unknown kernel setting 'vtd.copies', expected one of "
                        + "vtd.asksPresence, vtd.attachesAtStart, ");
        assertThat(KernelQuirks.of(linux("6.1").with("amdvi.other", 1)))
                .isEqualTo(quirks("6.1"));
    }
}
