// SPDX-License-Identifier: Apache-2.0
package kdump.lab.shell;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import iommu.api.profile.KernelVersion;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import kdump.lab.api.CaptureDrivers;
import kdump.lab.api.KernelChoice;
import kdump.lab.api.RunOptions;
import kdump.lab.api.Target;
import kdump.lab.shell.FakeLab.Result;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** How the options of a run are read. */
class RunOptionsTest {

    private final FakeLab lab = new FakeLab();

    private RunOptions options(String... given) {
        List<String> line = new ArrayList<>(List.of("compare", "vtd1"));
        line.addAll(List.of(given));
        Result result = lab.run(line.toArray(String[]::new));
        assertThat(result.status()).as(result.err()).isZero();
        return lab.options;
    }

    private String refusal(String... given) {
        List<String> line = new ArrayList<>(List.of("compare", "vtd1"));
        line.addAll(List.of(given));
        Result result = lab.run(line.toArray(String[]::new));
        assertThat(result.status()).isEqualTo(2);
        assertThat(lab.options).as("nothing was run").isNull();
        return result.err();
    }

    @Test
    void whatIsNotGivenHasItsDefault() {
        assertThat(options()).isEqualTo(RunOptions.ofSeed(1));
        assertThat(lab.target).isEqualTo(new Target("vtd1", FakeLab.HERE, null));
        assertThat(lab.asked).as("all policies").isEmpty();
    }

    @Test
    void seedInstantAndRateAreTaken() {
        RunOptions options = options("--seed", "-9", "--crash-at", "12.5ms", "--rate", "0");
        assertThat(options).isEqualTo(
                RunOptions.ofSeed(-9).withCrashAt(12_500_000).withRateFactor(0));
    }

    @Test
    void kernelsAndTheirSettingsAreTaken() {
        RunOptions options = options("--kernel", "4.2", "--capture-kernel", "linux-3.6",
                "--kernel-setting", "vtd.a=1", "--kernel-setting", "amdvi.b=0");
        assertThat(options.kernels().first()).isEqualTo(new KernelVersion(4, 2, 0));
        assertThat(options.kernels().capture()).isEqualTo(new KernelVersion(3, 6, 0));
        assertThat(options.kernels().settings()).isEqualTo(Map.of("vtd.a", 1L, "amdvi.b", 0L));
    }

    @Test
    void commandLinesAndDriversOfTheCaptureKernelAreTaken() {
        KernelChoice kernels = options("--cmdline", "intel_iommu=on,sm_on quiet",
                "--capture-cmdline", "reset_devices", "--capture-drivers", "05:00.0,0000:06:01.0")
                .kernels();
        assertThat(kernels.commandLine()).isEqualTo("intel_iommu=on,sm_on quiet");
        assertThat(kernels.captureCommandLine()).isEqualTo("reset_devices");
        assertThat(kernels.captureDrivers())
                .isEqualTo(new CaptureDrivers(CaptureDrivers.Kind.NAMED, Set.of(0x500, 0x608)));
        assertThat(options("--capture-drivers", "dump-target").kernels().captureDrivers().kind())
                .isEqualTo(CaptureDrivers.Kind.DUMP_TARGET);
        assertThat(options("--capture-drivers", "all").kernels().captureDrivers().kind())
                .isEqualTo(CaptureDrivers.Kind.ALL);
        assertThat(options().kernels().captureDrivers()).isEqualTo(CaptureDrivers.DEFAULT);
    }

    @Test
    void commandLinesAndDriversThatAreNoneAreRefused() {
        assertThat(refusal("--cmdline", "a".repeat(4097))).contains("4097 characters");
        assertThat(refusal("--capture-cmdline", "a\nb")).contains("expected at most 4096");
        assertThat(refusal("--capture-drivers", "05:00.0,")).hasLineCount(1);
        assertThat(refusal("--capture-drivers", "some")).hasLineCount(1);
    }

    @Test
    void hardwareAndDevicesAreTaken() {
        RunOptions options = options("--hardware", "qemu-7.2", "--unit-setting", "vtd.x=5",
                "--device-option", "05:00.0,ats.answerNanos=-1", "--device-option",
                "0000:05:00.0,other=3", "--device-option", "05:00.0,bits=0xffFFffFFffFFffF0");
        assertThat(options.hardware().profile()).isEqualTo("qemu-7.2");
        assertThat(options.hardware().settings()).isEqualTo(Map.of("vtd.x", 5L));
        assertThat(options.deviceOptions()).isEqualTo(
                Map.of(0x500, Map.of("ats.answerNanos", -1L, "other", 3L, "bits", -16L)));
    }

    @Test
    void policiesAndRegistersAreTaken() {
        options("--policy", "a", "--policy", "b", "--registers", "regs.json");
        assertThat(lab.asked).containsExactly("a", "b");
        assertThat(lab.target.registers()).hasToString("regs.json");
    }

    @ParameterizedTest
    @CsvSource({"--seed, x, whole number", "--seed, 1e3, whole number",
        "--rate, fast, a factor", "--rate, -1, rate factor", "--rate, NaN, rate factor",
        "--rate, 1001, rate factor", "--crash-at, 5, expected like 12.5ms",
        "--crash-at, 61m, expected like", "--crash-at, 3601s, crash instant",
        "--kernel, six, expected like linux-6.1", "--kernel, 2.6.23, 2.6.24 to 7.x",
        "--capture-kernel, 1.0, 2.6.24 to 7.x", "--kernel-setting, a, expected like",
        "--kernel-setting, =1, expected like", "--unit-setting, a=-1, expected like",
        "--unit-setting, a=1234567890, expected like", "--device-option, x, expected like"})
    void whatIsNoValueIsRefusedInAWord(String option, String value, String why) {
        assertThat(refusal(option, value)).contains(why).hasLineCount(1);
    }

    @ParameterizedTest
    @ValueSource(strings = {"05:00.0,a=x", "05:00.0,=1", "05:00.0", "99:99.9,a=1", ",a=1",
        "05:00.0,a=1234567890123456789", "05:00.0,a=0x", "05:00.0,a=-0x1",
        "05:00.0,a=0x12345678901234567", "05:00.0,a=ff"})
    void aDeviceOptionNamesItsDevice(String text) {
        assertThat(refusal("--device-option", text)).startsWith("lab: compare: ");
    }

    @Test
    void nothingIsSetTwice() {
        assertThat(refusal("--unit-setting", "a=1", "--unit-setting", "a=1"))
                .contains("set twice");
        assertThat(refusal("--device-option", "05:00.0,a=1", "--device-option",
                "0000:05:00.0,a=2")).contains("set twice");
    }

    @Test
    void aTargetThatIsNoPathIsRefused() {
        Result result = lab.run("compare", "a\0b");
        assertThat(result.err()).isEqualTo("lab: compare: 'a.b' is no path\n");
        assertThat(result.status()).isEqualTo(2);
    }

    @ParameterizedTest
    @CsvSource({"5ns, 5", "1.9ns, 1", "5us, 5000", "12.5ms, 12500000", "2s, 2000000000",
        "0s, 0", "0.0000000019s, 1", "999999999999us, 999999999999000"})
    void durationsAreNumbersWithAUnit(String text, long nanos) throws UsageException {
        assertThat(Durations.parse(text)).isEqualTo(nanos);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "5", "ms", "-5ms", "5 ms", ".5ms", "5.ms", "5MS", "1e3ms",
        "1234567890123ns", "999999999999s"})
    void whatIsNoDurationIsRefused(String text) {
        assertThatExceptionOfType(UsageException.class).isThrownBy(() -> Durations.parse(text))
                .withMessageStartingWith("duration '" + text + "'");
    }

    @Test
    void durationsAreShownInMilliseconds() {
        assertThat(Durations.format(12_345_678)).isEqualTo("12.346 ms");
    }
}
