// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.linux.settings;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import iommu.api.profile.KernelOption;
import iommu.api.profile.KernelProfile;
import iommu.api.profile.KernelVersion;
import iommu.vtd.linux.LinuxVtdDriver;
import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What the words of a command line mean for the code of this vendor. */
class CommandLineTest {

    private static KernelProfile linux(String version) {
        return KernelProfile.linux(KernelVersion.parse(version));
    }


    private static KernelProfile profile(String commandLine) {
        KernelProfile kernel = linux("6.1");
        for (KernelOption option : CommandLine.options(commandLine)) {
            kernel = option.setting() == null ? kernel : kernel.with(option.setting(), option.value());
        }
        return kernel;
    }

    private static BootOptions options(String commandLine) {
        return KernelQuirks.of(profile(commandLine)).options();
    }

    @ParameterizedTest
    @CsvSource({"quiet, true", "intel_iommu=on, true", "intel_iommu=off, false",
        "iommu=off, false", "iommu=off intel_iommu=on, false", "iommu=pt, true",
        "intel_iommu=off intel_iommu=on, true", "'intel_iommu=on,sm_off', true",
        "'intel_iommu=sm_on,off', false"})
    void wordsSwitchDmaRemapping(String line, boolean on) {
        assertThat(options(line).remapsDma()).isEqualTo(on);
        assertThat(options(line).remapsInterrupts()).isTrue();
    }

    @ParameterizedTest
    @CsvSource({"0, quiet, false", "0, intel_iommu=on, true", "1, quiet, true",
        "1, intel_iommu=off, false"})
    void withoutAWordTheBuildDecides(long defaultOn, String line, boolean on) {
        KernelProfile kernel = profile(line).with("vtd.defaultOn", defaultOn);
        assertThat(KernelQuirks.of(kernel).options().remapsDma()).isEqualTo(on);
    }

    @Test
    void aWordAboutInterruptsAndOthersSetsOneThingEach() {
        assertThat(options("")).isEqualTo(
                new BootOptions(true, true, true, true, true, false, true));
        assertThat(options("intremap=off")).isEqualTo(
                new BootOptions(true, false, true, true, true, false, true));
        assertThat(options("nointremap")).isEqualTo(options("intremap=off"));
        assertThat(options("intremap=off intremap=on")).isEqualTo(options(""));
        assertThat(options("nox2apic")).isEqualTo(
                new BootOptions(true, true, false, true, true, false, true));
        assertThat(options("intremap=no_x2apic_optout,nosid")).isEqualTo(
                new BootOptions(true, true, true, false, false, false, true));
        assertThat(options("intel_iommu=igfx_off")).isEqualTo(
                new BootOptions(true, true, true, true, true, true, true));
        assertThat(KernelQuirks.of(profile("pci=noats")).enablesAts()).isFalse();
    }

    @ParameterizedTest
    @ValueSource(strings = {"intel_iommu=tboot_noforce", "iommu=soft",
        "iommu=force", "intremap=nopost", "pci=nomsi", "pci=noaer"})
    void whatAKnownWordDoesNotDoHereIsSaid(String word) {
        List<KernelOption> told = CommandLine.options(word + " " + word);
        assertThat(told).filteredOn(o -> o.setting() == null).hasSize(1).first()
                .satisfies(note -> assertThat(note.words()).startsWith(word + " ")
                        .doesNotContain("\n"));
        assertThat(options(word)).isEqualTo(options(""));
    }

    @Test
    void forcedacBeginsAboveFourGib() {
        assertThat(profile("intel_iommu=on,forcedac").setting(KernelProfile.FORCE_DAC, 0))
                .isEqualTo(1);
    }

    @Test
    void everySettingThatAWordNamesIsKnown() {
        String all = "intel_iommu=on,off,igfx_off,sm_on intremap=on,off,nosid,"
                + "no_x2apic_optout nointremap nox2apic pci=noats iommu=off";
        assertThat(LinuxVtdDriver.settings()).containsAll(CommandLine.options(all).stream()
                .map(KernelOption::setting).collect(Collectors.toSet()));
    }

    @ParameterizedTest
    @EnumSource(BootSetting.class)
    void valuesOutOfRangeAreRefused(BootSetting setting) {
        for (long wrong : new long[] {-1, 3}) {
            KernelProfile kernel = linux("6.1").with(setting.key(), wrong);
            assertThatThrownBy(() -> KernelQuirks.of(kernel))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageStartingWith(setting.key() + " = " + wrong + ", expected 0 to ");
        }
    }
}
