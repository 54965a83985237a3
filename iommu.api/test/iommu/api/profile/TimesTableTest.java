// SPDX-License-Identifier: Apache-2.0
package iommu.api.profile;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import iommu.api.profile.KernelProfile.ProbeTime;
import iommu.api.sim.RandomStream;
import iommu.testkit.seeds.Seeds;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Times of phases and probes one by one, moved and scaled beside models; command lines, too. */
class TimesTableTest {

    private static final KernelTimes RECORDED = KernelTimes.RECORDED;
    private static final long DAY = 86_400_000_000_000L;

    @ParameterizedTest(name = "{0}: {1} and {2} ms")
    @CsvSource({"purgatory, 20, 20", "setupArch, 10446, 1000", "interruptRemapping, 10466, 2680",
        "enumeration, 12000, 2750", "finalFixups, 13790, 2950", "dmaRemapping, 14795, 3000",
        "drivers, 16710, 8000", "dump, 44270, 17000"})
    void phasesBeginWhenTheSourceSays(String phase, long recorded, long server) {
        assertThat(RECORDED.byPhase().get(phase)).isEqualTo(recorded * 1_000_000);
        assertThat(KernelTimes.SERVER.byPhase().get(phase)).isEqualTo(server * 1_000_000);
    }

    @ParameterizedTest(name = "class {0}")
    @CsvSource({"0x010802, 17115, 14000", "0x010601, 18384, 14100", "0x0c0330, 19261, 8000",
        "0x010000, 19907, 14200", "0x010700, 19907, 14200", "0x020000, 30613, 14500",
        "0x028000, 30613, 14500", "0x030000, 31000, 15000", "0xffffff, 31000, 15000"})
    void driversProbeWhenTheSourceSays(String classCode, long recorded, long server) {
        assertThat(probe(RECORDED, Integer.decode(classCode))).isEqualTo(recorded * 1_000_000);
        assertThat(probe(KernelTimes.SERVER, Integer.decode(classCode)))
                .isEqualTo(server * 1_000_000);
    }

    private static long probe(KernelTimes times, int classCode) {
        return times.probes().stream().filter(p -> p.fits(classCode)).findFirst().orElseThrow()
                .nanosAfterCrash();
    }

    // ---- moved ----------------------------------------------------------------------------------

    @ParameterizedTest(name = "{0} at {1}")
    @CsvSource({"purgatory, 0", "purgatory, 10446000000", "setupArch, 20000000",
        "drivers, 14795000000", "drivers, 44270000000", "dump, 16710000000",
        "dump, 86400000000000"})
    void aPhaseMayBeginWithItsNeighbours(String phase, long nanos) {
        assertThat(RECORDED.with(Map.of(phase, nanos)).byPhase().get(phase)).isEqualTo(nanos);
    }

    @ParameterizedTest(name = "{0} at {1}")
    @CsvSource(delimiter = '|', value = {
        "purgatory|-1|phase purgatory at -1 ns, expected after the crash",
        "purgatory|10446000001|phase setupArch at 10446000000 ns, expected after purgatory, which"
                + " is at 10446000001 ns",
        "setupArch|19999999|phase setupArch at 19999999 ns, expected after purgatory, which is at"
                + " 20000000 ns",
        "drivers|44270000001|phase dump at 44270000000 ns, expected after drivers, which is at"
                + " 44270000001 ns",
        "dump|86400000000001|phase dump at 86400000000001 ns, expected after drivers, which is at"
                + " 16710000000 ns",
        "Dump|1|phase 'Dump', expected one of purgatory, setupArch, interruptRemapping,"
                + " enumeration, finalFixups, dmaRemapping, drivers, dump"})
    void oneThatCannotIsToldWithItsNeighbour(String phase, long nanos, String words) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> RECORDED.with(Map.of(phase, nanos))).withMessage(words);
    }

    @Test
    void whatIsMovedSaysSo() {
        assertThat(RECORDED.with(Map.of()).name()).isEqualTo("recorded");
        assertThat(RECORDED.with(Map.of("dump", DAY)).name())
                .isEqualTo("recorded, with times of the machine");
        assertThat(RECORDED.scaled(0.5).name()).isEqualTo("recorded times 0.5");
    }

    @Seeds(count = 20)
    void phasesMoveAsToldAndProbesWithTheDrivers(long seed) {
        var random = new RandomStream(seed, "times");
        Map<String, Long> starts = new LinkedHashMap<>();
        long at = 0;
        for (String phase : RECORDED.byPhase().keySet()) {
            at += random.nextInt(1_000_000_000);
            starts.put(phase, at);
        }
        KernelTimes moved = RECORDED.with(starts);
        assertThat(List.copyOf(moved.byPhase().entrySet()))
                .isEqualTo(List.copyOf(starts.entrySet()));
        long shift = starts.get("drivers") - RECORDED.phases().drivers();
        for (int i = 0; i < RECORDED.probes().size(); i++) {
            ProbeTime old = RECORDED.probes().get(i);
            assertThat(moved.probes().get(i)).isEqualTo(new ProbeTime(old.classCode(),
                    old.classMask(), old.nanosAfterCrash() + shift, old.interval()));
        }
        assertThat(moved.with(RECORDED.byPhase()).phases()).isEqualTo(RECORDED.phases());
        assertThat(moved.with(RECORDED.byPhase()).probes()).isEqualTo(RECORDED.probes());
    }

    // ---- scaled ---------------------------------------------------------------------------------

    @ParameterizedTest
    @CsvSource({"0.001", "0.5", "1", "2", "99.999", "100"})
    void everyTimeIsScaled(double factor) {
        KernelTimes scaled = RECORDED.scaled(factor);
        RECORDED.byPhase().forEach((phase, nanos) ->
                assertThat(scaled.byPhase().get(phase)).isEqualTo((long) (nanos * factor)));
        for (int i = 0; i < RECORDED.probes().size(); i++) {
            ProbeTime old = RECORDED.probes().get(i);
            assertThat(scaled.probes().get(i)).isEqualTo(new ProbeTime(old.classCode(),
                    old.classMask(), (long) (old.nanosAfterCrash() * factor),
                    (long) (old.interval() * factor)));
        }
        assertThat(KernelTimes.parse(factor + "")).isEqualTo(scaled);
    }

    @ParameterizedTest
    @CsvSource({"0.0009", "100.01", "-1.0", "0.0", "NaN", "Infinity", "-Infinity"})
    void aFactorOutOfRangeIsRefused(double factor) {
        String words = "times " + factor + ", expected a factor from 0.001 to 100.0";
        assertThatIllegalArgumentException().isThrownBy(() -> RECORDED.scaled(factor))
                .withMessage(words);
        assertThatIllegalArgumentException().isThrownBy(() -> KernelTimes.parse(factor + ""))
                .withMessage(words);
    }

    @ParameterizedTest
    @CsvSource({"''", "Recorded", "server2", "1x", "'0,5'", "recorded times 2"})
    void whatIsNeitherNameNorFactorIsRefused(String text) {
        assertThatIllegalArgumentException().isThrownBy(() -> KernelTimes.parse(text))
                .withMessage("times '" + text
                        + "', expected recorded, server or a factor such as 0.1");
    }

    // ---- kernels --------------------------------------------------------------------------------

    @ParameterizedTest
    @CsvSource({"2.6.24, 22000000, 2800000", "6.1, 22000000, 2800000", "6.19, 22000000, 2800000",
        "6.999, 22000000, 2800000", "7.0, 960000000, 9600000", "7.3, 960000000, 9600000"})
    void unitsAreSetUpSlowerFromSevenOn(String version, long unit, long function) {
        KernelProfile kernel = KernelProfile.linux(KernelVersion.parse(version));
        assertThat(kernel.costs().unitSetup()).isEqualTo(unit);
        assertThat(kernel.costs().deviceDomainSetup()).isEqualTo(function);
        assertThat(kernel.settings()).isEmpty();
        assertThat(kernel.lazyFlushNanos()).isEqualTo(10_000_000);
        assertThat(kernel.domainWidthBits()).isEqualTo(48);
    }

    @Test
    void aKernelWithOtherTimesKeepsTheRest() {
        KernelProfile plain = KernelProfile.linux61().with("a", 1).withDomainWidthBits(57);
        KernelProfile slow = plain.withTimes(KernelTimes.SERVER);
        assertThat(slow.phases()).isEqualTo(KernelTimes.SERVER.phases());
        assertThat(slow.probes()).isEqualTo(KernelTimes.SERVER.probes());
        assertThat(slow.withTimes(RECORDED)).isEqualTo(plain);
    }

    // ---- words of a command line beside a model -------------------------------------------------

    /** Four words of two settings: the last one that is met of each counts, in that order. */
    @Seeds(count = 20)
    void theLastWordOfEachSettingCounts(long seed) {
        var random = new RandomStream(seed, "words");
        var words = new KernelWords();
        for (int i = 0; i < 4; i++) {
            words.word("p=" + i, "s" + i % 2, i, "word " + i);
        }
        words.note("p=n", "does nothing");
        for (int round = 0; round < 100; round++) {
            var line = new StringBuilder();
            var model = new LinkedHashMap<String, KernelOption>();
            boolean ended = false;
            for (int n = random.nextInt(6); n > 0; n--) {
                boolean init = random.oneIn(8);
                line.append(random.oneIn(2) ? " " : "\t ").append(init ? "-- " : "p=");
                ended |= init;
                for (int v = init ? 0 : 1 + random.nextInt(3); v > 0; v--) {
                    int value = random.nextInt(6);
                    line.append(value == 4 ? "n" : value + "").append(v > 1 ? "," : "");
                    if (!ended && value < 5) {
                        String key = value == 4 ? "n" : "s" + value % 2;
                        model.remove(key);
                        model.put(key, value == 4 ? KernelOption.note("p=n does nothing")
                                : new KernelOption(key, value, "word " + value));
                    }
                }
            }
            assertThat(words.options(line.toString())).as("'%s'", line)
                    .isEqualTo(new ArrayList<>(model.values()));
        }
    }
}
