// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.setup;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.profile.KernelOption;
import iommu.api.sim.RandomStream;
import iommu.testkit.seeds.Seeds;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The words of a command line that are no vendor's: each alone, and all in any order. */
class OptionWordsTest {

    private static final String LAZY = "lazy IOTLB invalidation";
    private static final String NO_RESETS = "no reset_devices";

    private static List<String> words(String line) {
        return GenericOptions.of(line).stream().map(KernelOption::words).toList();
    }

    @Test
    void withoutAWordTheKernelIsLazyAndHasNoResetDevices() {
        assertThat(GenericOptions.of("")).containsExactly(
                new KernelOption("linux.strict", 0, LAZY),
                new KernelOption("linux.resetDevices", 0, NO_RESETS));
        assertThat(GenericOptions.of("ro quiet root=/dev/sda1 iommu iommu= iommu=off"))
                .isEqualTo(GenericOptions.of(""));
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(delimiter = '|', value = {
        "iommu.forcedac=1|linux.forceDac|1|I/O addresses from the top of the domain down",
        "iommu.forcedac=0|linux.forceDac|0|I/O addresses from 4 GiB down",
        "iommu.passthrough=1|linux.passThrough|1|requests pass through, where unit and driver can",
        "iommu=pt|linux.passThrough|1|requests pass through, where unit and driver can",
        "iommu.passthrough=0|linux.passThrough|0|nothing passes through",
        "iommu=nopt|linux.passThrough|0|nothing passes through",
        "irqpoll|linux.irqPoll|1|irqpoll: up to 2.6.38 every tick looks after masked interrupt"
                + " lines",
        "pci=noaer|linux.aer|0|no services for errors of ports",
        "no_timer_check|linux.timerCheck|0|nobody looks whether the timer's interrupts arrive",
        "panic=10|linux.panic|10|panic=10: a panic restarts the machine",
        "panic=0|linux.panic|0|panic=0: a panic is the end",
        "panic=-1|linux.panic|-1|panic=-1: a panic restarts the machine",
        "panic=999999999|linux.panic|999999999|panic=999999999: a panic restarts the machine"})
    void aWordIsToldBehindWhatIsUsual(String line, String setting, long value, String words) {
        assertThat(GenericOptions.of(line)).containsExactly(
                new KernelOption("linux.strict", 0, LAZY),
                new KernelOption("linux.resetDevices", 0, NO_RESETS),
                new KernelOption(setting, value, words));
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(delimiter = '|', value = {
        "iommu.strict=1|no reset_devices+strict IOTLB invalidation",
        "iommu.strict=0|no reset_devices+lazy IOTLB invalidation",
        "iommu.strict=yes|no reset_devices+strict IOTLB invalidation",
        "reset_devices|lazy IOTLB invalidation+reset_devices: a parameter that few drivers heed"
                + " (here hpsa), which resets nothing by itself"})
    void whatIsUsualMakesWay(String line, String words) {
        assertThat(String.join("+", words(line))).isEqualTo(words);
    }

    @ParameterizedTest
    @CsvSource({"iommu.strict=2", "iommu.forcedac=2"})
    void aValueThatNoKernelKnowsIsTold(String word) {
        assertThat(words(word)).contains(LAZY, NO_RESETS,
                word + " is no value that the kernel knows");
    }

    @ParameterizedTest(name = "''{0}''")
    @CsvSource({"panic=", "panic=1s", "panic=1234567890", "panic=--1", "panic=+1", "panic=0x1",
        "panic_on_oops=1", "oops_panic=1", "-- panic=1", "a -- b panic=1", "Panic=1",
        "iommu.strict", "iommu_strict=1", "irqpoll=1",
        "reset_devices=1", "reset-devices", "-- irqpoll reset_devices iommu=pt",
        "iommu.forcedac", "iommu=Pt", "amd_iommu=pt"})
    void whatOnlyLooksLikeAWordIsNone(String line) {
        assertThat(GenericOptions.of(line)).isEqualTo(GenericOptions.of(""));
    }

    @ParameterizedTest(name = "''{0}''")
    @CsvSource({"panic=5", "' panic=5 '", "panic=1 panic=5", "panic=5 --", "panic=5 -- panic=7",
        "'a\tpanic=5\tb'", "panic=5 --x", "x--y panic=5", "panic=soon panic=5"})
    void theLastPanicBeforeTheInitProgramsWordsCounts(String line) {
        assertThat(words(line)).containsExactly(LAZY, NO_RESETS,
                "panic=5: a panic restarts the machine");
    }

    /** Words in any order: of each setting the last one counts, whatever stands between. */
    @Seeds(count = 20)
    void settingsAreThoseOfTheLastWords(long seed) {
        Map<String, Object[]> known = new TreeMap<>(Map.of(
                "iommu.strict=0", new Object[] {"linux.strict", 0L},
                "iommu.strict=1", new Object[] {"linux.strict", 1L},
                "reset_devices", new Object[] {"linux.resetDevices", 1L},
                "iommu=pt", new Object[] {"linux.passThrough", 1L},
                "iommu=nopt", new Object[] {"linux.passThrough", 0L},
                "iommu.passthrough=1", new Object[] {"linux.passThrough", 1L},
                "irqpoll", new Object[] {"linux.irqPoll", 1L},
                "panic=0", new Object[] {"linux.panic", 0L},
                "panic=-3", new Object[] {"linux.panic", -3L},
                "quiet", new Object[] {"", 0L}));
        List<String> all = List.copyOf(known.keySet());
        var random = new RandomStream(seed, "lines");
        for (int round = 0; round < 100; round++) {
            Map<String, Long> model = new HashMap<>(
                    Map.of("linux.strict", 0L, "linux.resetDevices", 0L));
            var line = new StringBuilder();
            for (int n = random.nextInt(10); n > 0; n--) {
                String word = all.get(random.nextInt(all.size()));
                line.append(line.length() == 0 ? "" : " ").append(word);
                model.put((String) known.get(word)[0], (Long) known.get(word)[1]);
            }
            model.remove("");
            assertThat(GenericOptions.of(line.toString()).stream().collect(
                    Collectors.toMap(KernelOption::setting, KernelOption::value)))
                    .as("'%s'", line).isEqualTo(model);
        }
    }
}
