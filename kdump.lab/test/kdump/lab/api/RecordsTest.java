// SPDX-License-Identifier: Apache-2.0
package kdump.lab.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import iommu.api.pcie.Access;
import iommu.api.profile.KernelVersion;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What commands and engine tell each other: ranges, copies, and what follows from them. */
class RecordsTest {

    private static final RunOptions PLAIN = RunOptions.ofSeed(7);

    @Test
    void oneOptionIsChangedAtATime() {
        assertThat(PLAIN.crashAtNanos()).isEqualTo(RunOptions.DEFAULT_CRASH_AT);
        assertThat(PLAIN.withCrashAt(5).withRateFactor(0.5).withCrashAt(PLAIN.crashAtNanos())
                .withRateFactor(1)).isEqualTo(PLAIN);
        var kernels = new KernelChoice(new KernelVersion(4, 2, 0), null, Map.of());
        var hardware = new HardwareChoice("spec", Map.of());
        assertThat(PLAIN.withKernels(kernels).kernels()).isEqualTo(kernels);
        assertThat(PLAIN.withHardware(hardware).hardware()).isEqualTo(hardware);
    }

    @Test
    void deviceOptionsAddUp() {
        RunOptions options = PLAIN.withDeviceOption(8, "a", 1).withDeviceOption(8, "b", 2)
                .withDeviceOption(16, "a", 3).withDeviceOption(8, "a", 4);
        assertThat(options.deviceOptions())
                .isEqualTo(Map.of(8, Map.of("a", 4L, "b", 2L), 16, Map.of("a", 3L)));
        assertThat(PLAIN.deviceOptions()).as("as they were").isEmpty();
    }

    @ParameterizedTest
    @ValueSource(longs = {-1, RunOptions.MAX_CRASH_AT + 1, Long.MIN_VALUE})
    void theCrashIsWithinAnHour(long nanos) {
        assertThatIllegalArgumentException().isThrownBy(() -> PLAIN.withCrashAt(nanos))
                .withMessage("crash instant " + nanos + " ns");
        assertThat(PLAIN.withCrashAt(RunOptions.MAX_CRASH_AT).withCrashAt(0).crashAtNanos())
                .isZero();
    }

    @ParameterizedTest
    @ValueSource(doubles = {-0.1, 1000.1, Double.NaN, Double.POSITIVE_INFINITY})
    void aRateFactorIsUpToAThousand(double factor) {
        assertThatIllegalArgumentException().isThrownBy(() -> PLAIN.withRateFactor(factor));
        assertThat(PLAIN.withRateFactor(RunOptions.MAX_RATE_FACTOR).rateFactor()).isEqualTo(1000);
    }

    @Test
    void optionsDoNotChangeWithTheMapsTheyWereMadeOf() {
        Map<String, Long> one = new HashMap<>(Map.of("a", 1L));
        Map<Integer, Map<String, Long>> all = new HashMap<>(Map.of(8, one));
        var options = new RunOptions(1, 0, 1, KernelChoice.DEFAULT, HardwareChoice.DEFAULT, all);
        one.put("b", 2L);
        all.clear();
        assertThat(options.deviceOptions()).isEqualTo(Map.of(8, Map.of("a", 1L)));
        assertThatExceptionOfType(UnsupportedOperationException.class)
                .isThrownBy(() -> options.deviceOptions().get(8).put("c", 3L));
    }

    @ParameterizedTest
    @CsvSource({"2.6.23, false", "2.6.24, true", "6.12, true", "1.0, false"})
    void aKernelHasCodeForUnits(String version, boolean fits) {
        KernelVersion kernel = KernelVersion.parse(version);
        if (fits) {
            assertThat(new KernelChoice(kernel, kernel, Map.of()).first()).isEqualTo(kernel);
        } else {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> new KernelChoice(kernel, null, Map.of()));
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> new KernelChoice(null, kernel, Map.of()))
                    .withMessageContaining("expected 2.6.24 to 7.x");
        }
    }

    @Test
    void hardwareIsTextForPeople() {
        assertThat(HardwareChoice.DEFAULT).hasToString("");
        assertThat(new HardwareChoice("spec", Map.of())).hasToString("hardware profile spec");
        assertThat(new HardwareChoice("spec", Map.of("vtd.b", 2L, "vtd.a", 1L)))
                .hasToString("hardware profile spec, unit settings vtd.a=1, vtd.b=2");
        assertThat(new HardwareChoice(null, Map.of("vtd.a", 1L)))
                .hasToString("unit settings vtd.a=1");
    }

    @ParameterizedTest
    @ValueSource(ints = {-2, 1 << 20, Integer.MIN_VALUE, Integer.MAX_VALUE})
    void aPasidHas20Bits(int pasid) {
        assertThatIllegalArgumentException().isThrownBy(() -> question(pasid, 0, Access.READ))
                .withMessageContaining("not of 20 bits");
        assertThat(question(0xfffff, 0, Access.READ).pasid()).isEqualTo(0xfffff);
    }

    private static WalkQuestion question(int pasid, long address, int access) {
        return new WalkQuestion(8, pasid, address, access, false, 0, null, PLAIN);
    }

    @ParameterizedTest
    @CsvSource({"-1, 0xfee00000, 2, true", "-1, 0xfeefffff, 2, true", "-1, 0xfef00000, 2, false",
        "-1, 0xfedfffff, 2, false", "-1, 0x1fee00000, 2, false", "-1, 0xfee00000, 1, false",
        "-1, 0xfee00000, 3, false", "0, 0xfee00000, 2, false"})
    void anInterruptIsAPlainWriteToItsRange(int pasid, String address, int access,
            boolean interrupt) {
        assertThat(question(pasid, Long.decode(address), access).isInterrupt())
                .isEqualTo(interrupt);
    }

    @Test
    void aTranslationRequestIsNoInterrupt() {
        assertThat(new WalkQuestion(8, -1, 0xfee00000L, Access.WRITE, true, 0, null, PLAIN)
                .isInterrupt()).isFalse();
    }

    private static Verdict verdict(String kernel, String dump, long faults, long untranslated,
            long blocksWrong, long framesWrong, boolean driverFails) {
        return new Verdict("p", kernel, dump, 1, 1, 1, blocksWrong, 1, framesWrong, 1,
                new Verdict.Faults(faults, 0, 0, new TreeMap<>(), new TreeMap<>(), List.of()),
                new Verdict.Untranslated(untranslated, new TreeMap<>(),
                        new Verdict.Landed(0, untranslated, 0, 0, 0)), true, List.of(),
                new Verdict.Interrupts(0, 0, 0),
                driverFails ? List.of(new Verdict.DriverFailure("0000:00:01.0", "x")) : List.of(),
                5, "not reached", List.of(), List.of());
    }

    @ParameterizedTest
    @CsvSource({"ok, complete, 0, 0, 0, 0, false, true", "hung, complete, 0, 0, 0, 0, false, false",
        "ok, corrupt, 0, 0, 0, 0, false, false", "ok, complete, 1, 0, 0, 0, false, false",
        "ok, complete, 0, 1, 0, 0, false, false", "ok, complete, 0, 0, 1, 0, false, false",
        "ok, complete, 0, 0, 0, 1, false, false", "ok, complete, 0, 0, 0, 0, true, false"})
    void aVerdictIsCleanIfNothingWentWrong(String kernel, String dump, long faults,
            long untranslated, long blocks, long frames, boolean driverFails, boolean clean) {
        assertThat(verdict(kernel, dump, faults, untranslated, blocks, frames, driverFails).clean())
                .isEqualTo(clean);
    }

    @Test
    void aWalkIsStaleIfMemorySaysOtherwise() {
        var here = new Walk.Result("translated", 1L, 4096, null, "");
        var there = new Walk.Result("translated", 2L, 4096, null, "");
        var staleStep = new Walk.Step("lookup", 0, List.of(), List.of(), "",
                new Walk.Cache("iotlb", "hit", "x", true));
        assertThat(new Walk(List.of(staleStep), here, here, null).stale())
                .as("it leads to the same").isFalse();
        assertThat(new Walk(List.of(), here, there, null).stale()).isTrue();
        assertThat(new Walk(List.of(staleStep), here, null, null).stale())
                .as("where memory was not asked, the caches count").isTrue();
        assertThat(new Walk(List.of(), here, null, null).stale()).isFalse();
    }

    @Test
    void aRefusalKeepsItsCause() {
        var cause = new IllegalStateException("why");
        assertThat(new LabException("no machine", cause)).hasMessage("no machine").hasCause(cause);
        assertThat(new LabException("no machine").getCause()).isNull();
    }
}
