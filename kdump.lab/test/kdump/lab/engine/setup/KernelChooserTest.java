// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.setup;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import iommu.api.machine.MachineDescription;
import iommu.api.profile.KernelProfile;
import iommu.api.profile.KernelVersion;
import java.util.Map;
import kdump.lab.api.KernelChoice;
import kdump.lab.api.LabException;
import kdump.lab.api.RunOptions;
import kdump.lab.engine.Fixture;
import kdump.lab.engine.verdict.Runner;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class KernelChooserTest {

    private static KernelVersion version(String text) {
        return text == null ? null : KernelVersion.parse(text);
    }

    private static KernelChooser chooser(String release, String captureLine, String first,
            String capture, Map<String, Long> settings) {
        MachineDescription d = Fixture.machine("vtd1");
        var named = new MachineDescription(d.name(), d.source(), d.memoryMap(), null, d.units(),
                d.functions(), d.image(), release, "iommu.strict=1", captureLine, d.remarks());
        return new KernelChooser(named, Fixture.SERVICES,
                new KernelChoice(version(first), version(capture), settings));
    }

    @ParameterizedTest
    @CsvSource({"6.12.107+deb12-amd64, , , 6.12.107, 6.12.107", "'', , , 6.1, 6.1",
            "4.18.0-553.el8_10.x86_64, , , 4.18, 4.18", "strange, , , 6.1, 6.1",
            "2.4.20, , , 6.1, 6.1", "6.12.107, 4.2, , 4.2, 4.2", "6.1.0, , 3.6, 6.1, 3.6",
            "6.1.0, 2.6.34, 7.3, 2.6.34, 7.3"})
    void whatIsChosenCountsThenTheDumpThenTheRecordedVersion(String release, String first,
            String capture, String expectedFirst, String expectedCapture) {
        KernelChooser kernels = chooser(release, "", first, capture, Map.of());
        assertThat(kernels.first().version()).hasToString(expectedFirst);
        assertThat(kernels.capture().version()).hasToString(expectedCapture);
        assertThat(kernels.capture().strictInvalidation()).isTrue();
    }

    @Test
    void whatWasChosenIsTold() {
        KernelChooser kernels = chooser("6.1.0", "crashkernel intel_iommu=on,sm_on", "4.2", "3.6",
                Map.of("vtd.tearDown", 1L));
        assertThat(kernels.assumptions()).containsExactly(
                "kernel profile linux-4.2, strict IOTLB invalidation, phases at 10466 ms (T4),"
                        + " 14795 ms (T6), 16710 ms (T7), 44270 ms (T8) after the crash,"
                        + " as recorded for linux-6.1",
                "capture kernel linux-3.6",
                "capture kernel with \"crashkernel intel_iommu=on,sm_on\": lazy IOTLB invalidation;"
                        + " no reset_devices; scalable mode on; DMA remapping on",
                "kernel settings vtd.tearDown=1");
        assertThat(kernels.capture().setting("vtd.scalableMode", 0)).isEqualTo(2);
        assertThat(kernels.first().setting("vtd.scalableMode", 0)).isZero();
        assertThat(kernels.first().setting("vtd.tearDown", 0)).isEqualTo(1);
        assertThat(kernels.capture().setting("vtd.tearDown", 0)).isEqualTo(1);
    }

    @Test
    void whatTheUserSetsCountsForMoreThanTheCommandLine() {
        KernelChooser kernels = chooser("6.1.0", "intel_iommu=sm_on", null, null,
                Map.of("vtd.scalableMode", 1L));
        assertThat(kernels.capture().setting("vtd.scalableMode", 0)).isEqualTo(1);
        assertThat(kernels.assumptions()).contains(
                "capture kernel with \"intel_iommu=sm_on\": lazy IOTLB invalidation;"
                        + " no reset_devices; DMA remapping as built (vtd.defaultOn)",
                "kernel settings vtd.scalableMode=1");
    }

    @Test
    void aCommandLineThatNobodyToldIsTheOneThatKdumpMakesOfTheFirst() {
        KernelChooser kernels = chooser("6.1.0", "", null, null, Map.of());
        assertThat(kernels.assumptions()).anyMatch(line -> line.startsWith("capture kernel with"
                + " \"iommu.strict=1 reset_devices irqpoll nr_cpus=1\" (assumed, as kdump's scripts"
                + " make it): strict IOTLB invalidation; reset_devices: "));
        assertThat(kernels.capture().setting(KernelProfile.RESET_DEVICES, 0)).isEqualTo(1);
        assertThat(kernels.first().setting(KernelProfile.RESET_DEVICES, 1)).isZero();
    }

    @Test
    void commandLinesThatAreChosenCountForMoreThanTheMachines() {
        MachineDescription d = Fixture.machine("vtd1");
        var kernels = new KernelChooser(d, Fixture.SERVICES,
                KernelChoice.DEFAULT.withCommandLines("intel_iommu=on,sm_on", ""));
        assertThat(d.commandLine()).contains("iommu.strict=1");
        assertThat(kernels.first().strictInvalidation()).isFalse();
        assertThat(kernels.first().setting("vtd.scalableMode", 0)).isEqualTo(2);
        assertThat(kernels.capture().setting(KernelProfile.RESET_DEVICES, 1)).isZero();
        assertThat(kernels.assumptions()).anyMatch(line -> line.startsWith(
                "capture kernel with \"\": lazy IOTLB invalidation; no reset_devices"));
    }

    @Test
    void strictnessIsTheCaptureKernelsOwn() {
        KernelChooser kernels = chooser("6.1.0", "quiet iommu.strict=0", null, null, Map.of());
        assertThat(kernels.first().strictInvalidation()).isTrue();
        assertThat(kernels.capture().strictInvalidation()).isFalse();
        assertThat(chooser("6.1.0", "quiet", null, null, Map.of("linux.strict", 1L)).capture()
                .strictInvalidation()).isTrue();
    }

    @Test
    void settingsThatNoVendorKnowsAreRefused() {
        assertThatThrownBy(() -> chooser("", "", null, null, Map.of("vtd.none", 1L)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("unknown kernel setting 'vtd.none', expected one of ")
                .hasMessageContaining("vtd.flushesOldDomain");
    }

    @Test
    void everySettingIsTold() throws Exception {
        String told = java.nio.file.Files.readString(Fixture.root().resolve("docs/kernels.md"));
        assertThat(Fixture.SERVICES.vendor("vtd").kernelSettings()).isNotEmpty()
                .allMatch(name -> told.contains("| `" + name + "`"));
    }

    @Test
    void valuesOutOfRangeAreRefusedBeforeAnyRun() {
        RunOptions options = RunOptions.ofSeed(7).withKernels(
                new KernelChoice(null, null, Map.of("vtd.tearDown", 3L)));
        assertThatThrownBy(() -> new Runner(Fixture.machine("vtd1"), Fixture.SERVICES, options))
                .isInstanceOf(LabException.class)
                .hasMessage("vtd.tearDown = 3, expected 0 to 2");
    }

    @Test
    void kernelsOlderThanAnyCodeForUnitsCannotBeChosen() {
        assertThatThrownBy(() -> new KernelChoice(new KernelVersion(2, 6, 23), null, Map.of()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("kernel 2.6.23, expected 2.6.24 to 7.x; the newest whose code is known"
                        + " is 7.3");
        assertThat(new KernelChoice(KernelChoice.OLDEST, KernelChoice.OLDEST, Map.of()).capture())
                .isEqualTo(new KernelVersion(2, 6, 24));
    }

    @Test
    void kernelsThatNobodyCanKnowCannotBeChosenAndTheNextDoAsTheNewest() throws LabException {
        assertThatThrownBy(() -> new KernelChoice(new KernelVersion(99, 9, 0), null, Map.of()))
                .hasMessageStartingWith("kernel 99.9, expected");
        var options = RunOptions.ofSeed(1).withKernels(
                new KernelChoice(new KernelVersion(7, 5, 0), null, Map.of()));
        assertThat(new Runner(Fixture.machine("vtd1"), Fixture.SERVICES, options).scenario()
                .assumptions()).containsOnlyOnce("kernel 7.5 is newer than 7.3, the newest whose"
                        + " code is known, and is taken to do the same");
    }
}
