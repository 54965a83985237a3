// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.kdump.HandoverEvent.PhaseStart;
import iommu.api.kdump.HandoverPolicy;
import iommu.api.kdump.Phase;
import iommu.api.kdump.Step;
import iommu.api.pcie.RequesterId;
import iommu.api.profile.KernelVersion;
import java.util.List;
import java.util.Map;
import java.util.Set;
import kdump.lab.api.CaptureDrivers;
import kdump.lab.api.Crash;
import kdump.lab.api.KernelChoice;
import kdump.lab.api.LabException;
import kdump.lab.api.RunOptions;
import kdump.lab.api.TimelineEntry;
import kdump.lab.api.Verdict;
import kdump.lab.api.Why;
import kdump.lab.api.WhyQuestion;
import kdump.lab.engine.setup.FaultInjection;
import kdump.lab.engine.verdict.Runner;
import kdump.policies.copytables.CopyTables;
import kdump.policies.disablereinit.DisableReinit;
import kdump.policies.leavedisabled.LeaveDisabled;
import kdump.policies.linux.Linux;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The restart after the dump: reached or not, what it does, and what it hangs over. */
class RebootTest {

    private static final RunOptions OPTIONS = RunOptions.ofSeed(7);

    private static Runner runner(String machine, RunOptions options) {
        try {
            return new Runner(Fixture.machine(machine), Fixture.ALL_MODELS, options);
        } catch (LabException e) {
            throw new AssertionError(e);
        }
    }

    private static Crash run(String machine, HandoverPolicy policy, RunOptions options) {
        return Fixture.crash(runner(machine, options), Fixture.session(policy), true,
                FaultInjection.NONE);
    }

    private static RunOptions kernel(String version, String captureLine) {
        return OPTIONS.withKernels(new KernelChoice(null, KernelVersion.parse(version), Map.of())
                .withCommandLines(null, captureLine));
    }

    private static CaptureDrivers only(String function) {
        return new CaptureDrivers(CaptureDrivers.Kind.NAMED,
                Set.of(RequesterId.parse(function)));
    }

    @ParameterizedTest
    @CsvSource({"vtd1, 5.4, false", "vtd1, 6.1, true", "kdamd1, 6.1, true"})
    void afterTheDumpUnitsAreSwitchedOffAndTheMachineRestarts(String machine, String kernel,
            boolean switchesOff) {
        Crash crash = run(machine, new CopyTables(), OPTIONS.withKernels(
                new KernelChoice(null, KernelVersion.parse(kernel), Map.of())));

        assertThat(crash.verdict().reboot()).isEqualTo("ok");
        List<TimelineEntry> told = crash.timeline();
        int begins = told.indexOf(told.stream().filter(e -> e.what().equals("reboot")).findFirst()
                .orElseThrow());
        assertThat(told.get(begins).phase()).isEqualTo("T8");
        assertThat(told.subList(begins, told.size()).stream()
                .anyMatch(e -> e.text().equals("unit 0: translation off"))).isEqualTo(switchesOff);
        assertThat(told.subList(0, begins)).noneMatch(e -> e.text().endsWith("translation off"));
        assertThat(told).anyMatch(e -> e.text().equals("the machine restarts"));
    }

    @Test
    void withoutADumpItIsReachedAllTheSame() {
        Verdict verdict = run("vtd1", new CopyTables(), OPTIONS.withKernels(KernelChoice.DEFAULT
                .withCaptureDrivers(only("01:00.0")))).verdict();

        assertThat(verdict.dump()).isEqualTo("missing");
        assertThat(verdict.captureKernel()).isEqualTo("ok");
        assertThat(verdict.reboot()).isEqualTo("ok");
    }

    @Test
    void aKernelThatPanickedBeforeDoesNotComeToIt() {
        Verdict verdict = Fixture.run("vtd1", (event, view, notes) ->
                event.equals(new PhaseStart(Phase.CRASH)) ? List.of(new Step.WriteMemory(
                        view.crashReservation().start(), 1)) : List.of(), OPTIONS);

        assertThat(verdict.reasons()).anyMatch(r -> r.startsWith("purgatory: digest"));
        assertThat(verdict.reboot()).isEqualTo("not reached");
    }

    /** Adapters that nobody has a driver for go on, untranslated, until the machine restarts. */
    @Test
    void whatHappensDuringTheRestartIsInNoOtherFigure() throws LabException {
        RunOptions options = OPTIONS.withKernels(KernelChoice.DEFAULT
                .withCaptureDrivers(new CaptureDrivers(
                        CaptureDrivers.Kind.DUMP_TARGET, Set.of())));
        Crash crash = Fixture.crash(new Runner(Fixture.machine("vtd1"), Fixture.SERVICES, options),
                Fixture.session(new CopyTables()), true, FaultInjection.NONE);

        assertThat(crash.timeline()).anyMatch(e -> e.text().equals("unit 0: translation off"));
        assertThat(crash.verdict().untranslatedDma().requests()).isZero();
        assertThat(crash.verdict().dumpBytesStray()).isZero();
        assertThat(crash.verdict().reboot()).isEqualTo("ok");
    }

    /** Recording kdamd7_capoff: blocked for more than 120 seconds in xhci_alloc_dev. */
    @Test
    void aUsbControllerWhoseRequestsAreBlockedHangsTheRestart() throws LabException {
        RunOptions options = kernel("7.3", "amd_iommu=off");
        Crash crash = run("kdamd1", new Linux(), options);
        Verdict verdict = crash.verdict();

        assertThat(verdict.driversFailed()).extracting(Verdict.DriverFailure::requester)
                .contains("0000:00:0a.0");
        assertThat(verdict.reboot()).isEqualTo("hung");
        assertThat(verdict.reasons()).anyMatch(r -> r.startsWith(
                "reboot: the shutdown of 0000:00:0a.0 never ends: a worker holds the hub's lock"));
        assertThat(crash.timeline()).noneMatch(e -> e.text().equals("the machine restarts"));

        Why why = runner("kdamd1", options).why(() -> Fixture.session(new Linux()),
                WhyQuestion.parse("reboot"));
        assertThat(why.figure()).isEqualTo("reboot: hung");
        assertThat(why.chain().get(0).event()).startsWith("the shutdown never ends");
        assertThat(why.chain()).anyMatch(l -> l.event().contains("which is blocked"));
    }

    @ParameterizedTest
    @CsvSource({"3.15", "3.10"})
    void kernelsThatBoundedTheirWaitForUsbRestart(String kernel) {
        Verdict verdict = run("kdamd1", new Linux(), kernel(kernel, "amd_iommu=off")).verdict();

        assertThat(verdict.driversFailed()).extracting(Verdict.DriverFailure::requester)
                .contains("0000:00:0a.0");
        assertThat(verdict.reboot()).isEqualTo("ok");
    }

    @Test
    void whyTellsOfARestartThatWorksToo() throws LabException {
        Why why = runner("vtd1", OPTIONS).why(() -> Fixture.session(new CopyTables()),
                WhyQuestion.parse("reboot"));

        assertThat(why.figure()).isEqualTo("reboot: ok");
        assertThat(why.chain()).extracting(Why.Link::event).startsWith("the machine restarts",
                "begins to restart the machine");
    }

    @ParameterizedTest
    @CsvSource({"1", "7"})
    void anotherFigureIsExplainedAsIfNothingWereRestarted(long seed) throws LabException {
        RunOptions options = RunOptions.ofSeed(seed);
        Why why = runner("vtd1", options).why(() -> Fixture.session(new DisableReinit()),
                WhyQuestion.parse("untranslated"));
        assertThat(why.figure()).isEqualTo(run("vtd1", new DisableReinit(), options).verdict()
                .untranslatedDma().requests() + " requests were not translated");
    }

    @Test
    void aUnitThatIsOffAlreadyIsNotSwitchedOff() {
        Crash crash = run("vtd1", new LeaveDisabled(), OPTIONS);

        assertThat(crash.verdict().reboot()).isEqualTo("ok");
        assertThat(crash.timeline().stream().filter(e -> e.text()
                .equals("unit 0: translation off"))).hasSize(1);
    }
}
