// SPDX-License-Identifier: Apache-2.0
package kdump.scenarios.trial;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.within;

import iommu.api.kdump.HandoverPolicy;
import iommu.api.machine.MachineDescription;
import iommu.api.memory.MemoryMap;
import iommu.api.profile.KernelVersion;
import iommu.testkit.seeds.Seeds;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.LongPredicate;
import java.util.function.UnaryOperator;
import kdump.lab.api.CaptureDrivers;
import kdump.lab.api.HardwareChoice;
import kdump.lab.api.KernelChoice;
import kdump.lab.api.LabException;
import kdump.lab.api.RunOptions;
import kdump.lab.api.Target;
import kdump.lab.api.Verdict;
import kdump.lab.api.experiment.Experiment;
import kdump.lab.api.experiment.Experiments;
import kdump.lab.api.experiment.Hardware;
import kdump.lab.api.experiment.Observer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What a stage asks of the lab, what it counts, and rates beside Wilson's formula. */
class StageTest {

    private static final HandoverPolicy OWN = (event, view, notes) -> List.of();

    /** A lab that keeps what it is asked for, and whose dumps depend on the seed alone. */
    private static final class AskedLab implements Experiments {

        private final List<String> machines = new ArrayList<>();
        private final List<Experiment> runs = new ArrayList<>();
        private final List<Boolean> traces = new ArrayList<>();
        private final List<RunOptions> bare = new ArrayList<>();
        private LongPredicate complete = seed -> true;

        @Override
        public MachineDescription machine(Target target, KernelChoice kernels,
                UnaryOperator<MachineDescription> altered) {
            machines.add(target.text() + " " + kernels.capture());
            return altered.apply(new MachineDescription(target.text(), "a test",
                    new MemoryMap(List.of()), null, List.of(), List.of(), null, "", "", "",
                    List.of()));
        }

        @Override
        public Set<String> policies() {
            return Set.of("one", "two");
        }

        @Override
        public <T> T run(Experiment experiment, Observer<T> observer) throws LabException {
            runs.add(experiment);
            traces.add(observer.keepsTrace());
            return observer.end(null, verdict(
                    complete.test(experiment.options().seed()) ? "complete" : "corrupt"));
        }

        @Override
        public Hardware bare(MachineDescription machine, RunOptions options) {
            bare.add(options);
            return null;
        }
    }

    private static Verdict verdict(String dump) {
        return new Verdict("p", "ok", dump, 0, 0, 0, 0, 0, 0, 0,
                new Verdict.Faults(0, 0, 0, new TreeMap<>(), new TreeMap<>(), List.of()),
                new Verdict.Untranslated(0, new TreeMap<>(), new Verdict.Landed(0, 0, 0, 0, 0)),
                false, List.of(), new Verdict.Interrupts(0, 0, 0), List.of(), 0, "done", List.of(),
                List.of());
    }

    private final AskedLab lab = new AskedLab();
    private final Stage stage = new Stage(lab, 41);

    @Test
    void anExperimentIsAMachineAPolicyAndTheSeed() throws LabException {
        Experiment experiment = stage.experiment("server", "one");
        assertThat(experiment.machine().name()).isEqualTo("server");
        assertThat(experiment.policy()).isEqualTo("one");
        assertThat(experiment.options()).isEqualTo(RunOptions.ofSeed(41));
        assertThat(experiment.models()).isEmpty();
        assertThat(experiment.around().apply(OWN)).isSameAs(OWN);
        assertThat(lab.machines).containsExactly("server null");
        assertThat(stage.runs()).as("nothing ran").isZero();
        assertThat(stage.seed()).isEqualTo(41);
        assertThat(stage.policies()).containsExactlyInAnyOrder("one", "two");
    }

    @ParameterizedTest
    @ValueSource(strings = {"three", "", "One", "one "})
    void aPolicyThatIsNotInForceIsNamed(String policy) {
        for (int way = 0; way < 3; way++) {
            int asked = way;
            assertThatExceptionOfType(Stage.NotInForceException.class).isThrownBy(() -> {
                switch (asked) {
                    case 0 -> stage.experiment("server", policy);
                    case 1 -> stage.experiment("server", policy, KernelChoice.DEFAULT);
                    default -> stage.altered("server", policy, m -> m);
                }
            }).withMessage("the policy " + policy + " is not in force");
        }
        assertThat(lab.machines).as("nothing is booted for it").isEmpty();
    }

    @Test
    void kernelsBootTheMachineAndRunTheExperiment() throws LabException {
        KernelChoice old = Stage.kernels("4.2", Map.of("vtd.x", 1L));
        Experiment experiment = stage.experiment("server", "two", old);
        assertThat(lab.machines).containsExactly("server 4.2");
        assertThat(experiment.options()).isEqualTo(RunOptions.ofSeed(41).withKernels(old));
        stage.machine("sp6", Stage.kernels("7.3", Map.of()));
        stage.machine("sp6");
        assertThat(lab.machines).containsExactly("server 4.2", "sp6 7.3", "sp6 null");
    }

    @Test
    void kernelsAreChosenByTheirVersionOrBySettings() {
        assertThat(Stage.kernels(null, Map.of())).isEqualTo(KernelChoice.DEFAULT);
        assertThat(Stage.kernels("2.6.34", Map.of()).capture())
                .isEqualTo(new KernelVersion(2, 6, 34));
        assertThat(Stage.kernels(null, Map.of("a", 5L)).settings()).isEqualTo(Map.of("a", 5L));
        assertThat(Stage.kernels("6.1", Map.of()).first()).isNull();
        assertThat(Stage.dumpTargetDriverOnly().captureDrivers())
                .isEqualTo(new CaptureDrivers(CaptureDrivers.Kind.DUMP_TARGET, Set.of()));
        assertThat(Stage.dumpTargetDriverOnly()
                .withCaptureDrivers(CaptureDrivers.DEFAULT)).isEqualTo(KernelChoice.DEFAULT);
    }

    @Test
    void aMachineIsAlteredBeforeItsKernelBoots() throws LabException {
        Experiment experiment = stage.altered("server", "one",
                m -> m.withRemarks(List.of("altered")));
        assertThat(experiment.machine().remarks()).containsExactly("altered");
        assertThat(stage.experiment("server", "one").machine().remarks()).isEmpty();
    }

    @Test
    void anOwnPolicyTakesThePlaceOfNone() throws LabException {
        Experiment experiment = stage.experiment("server", OWN);
        assertThat(experiment.policy()).isNull();
        assertThat(experiment.around().apply(null)).isSameAs(OWN);
    }

    @Test
    void runsAreCountedAndAVerdictNeedsNoTrace() throws LabException {
        Experiment experiment = stage.experiment("server", "one");
        assertThat(stage.verdict(experiment).dump()).isEqualTo("complete");
        assertThat(stage.<String>run(experiment, (hardware, verdict) -> verdict.policy()))
                .isEqualTo("p");
        stage.bare(experiment.machine());
        assertThat(stage.runs()).isEqualTo(3);
        assertThat(lab.traces).containsExactly(false, true);
        assertThat(lab.runs).containsExactly(experiment, experiment);
        assertThat(lab.bare).containsExactly(RunOptions.ofSeed(41));
    }

    // ---- rates ----------------------------------------------------------------------------------

    @ParameterizedTest(name = "{0} runs, every {1}th is whole")
    @CsvSource({"1, 1, 1", "10, 1, 10", "10, 2, 5", "10, 3, 3", "9, 41, 1", "40, 100, 0"})
    void eachRunOfARateHasTheNextSeed(int times, int every, int hits) throws LabException {
        lab.complete = seed -> seed % every == 0;
        Rate rate = stage.rate(stage.experiment("server", "one"), times,
                v -> v.dump().equals("complete"));
        assertThat(rate).isEqualTo(new Rate(hits, times));
        assertThat(stage.runs()).isEqualTo(times);
        assertThat(lab.traces).containsOnly(false);
        for (int i = 0; i < times; i++) {
            assertThat(lab.runs.get(i).options()).isEqualTo(RunOptions.ofSeed(41 + i));
        }
    }

    @Test
    void aRateKeepsAllOtherOptions() throws LabException {
        RunOptions options = new RunOptions(7, 123, 2.5, Stage.kernels("4.2", Map.of("a", 1L)),
                new HardwareChoice("spec", Map.of("b", 2L)), Map.of(8, Map.of("c", 3L)));
        stage.rate(stage.experiment("server", "one").options(options), 3, v -> true);
        for (int i = 0; i < 3; i++) {
            assertThat(lab.runs.get(i).options()).isEqualTo(new RunOptions(7 + i, 123, 2.5,
                    options.kernels(), options.hardware(), options.deviceOptions()));
        }
    }

    /** Wilson's interval, with the quantile of 97.5 % of the normal distribution from a table. */
    @Seeds(count = 10)
    void intervalsAreThoseOfTheFormula(long seed) {
        var random = new Random(seed);
        double z = 1.959964;
        for (int i = 0; i < 50; i++) {
            int runs = 1 + random.nextInt(i % 2 == 0 ? 10 : 1000);
            var rate = new Rate(random.nextInt(runs + 1), runs);
            double p = (double) rate.hits() / runs;
            double middle = (p + z * z / (2 * runs)) / (1 + z * z / runs);
            double half = z / (1 + z * z / runs)
                    * Math.sqrt(p * (1 - p) / runs + z * z / (4.0 * runs * runs));
            assertThat(rate.low()).as("%s", rate).isCloseTo(middle - half, within(1e-6));
            assertThat(rate.high()).as("%s", rate).isCloseTo(middle + half, within(1e-6));
            assertThat(rate.isBelow(rate)).isFalse();
            var other = new Rate(random.nextInt(runs + 1), runs);
            assertThat(rate.isBelow(other) && other.isBelow(rate)).isFalse();
            assertThat(rate.isBelow(other) ? rate.hits() < other.hits() : true).isTrue();
        }
    }

    @ParameterizedTest
    @CsvSource({"0, 30, 0 of 30 (0 to 11 %)", "30, 30, 30 of 30 (89 to 100 %)",
        "15, 50, 15 of 50 (19 to 44 %)", "1, 1, 1 of 1 (21 to 100 %)",
        "0, 1, 0 of 1 (0 to 79 %)"})
    void aRateIsToldWithItsInterval(int hits, int runs, String told) {
        assertThat(new Rate(hits, runs)).hasToString(told);
    }
}
