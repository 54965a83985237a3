// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.errors;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import iommu.api.kdump.HandoverEvent.PhaseStart;
import iommu.api.kdump.HandoverEvent;
import iommu.api.kdump.HandoverPolicy;
import iommu.api.kdump.HandoverView;
import iommu.api.kdump.Phase;
import iommu.api.kdump.Step;
import iommu.api.kdump.TakeOver;
import iommu.api.pcie.Capabilities;
import iommu.api.profile.KernelProfile;
import java.util.List;
import java.util.Map;
import kdump.lab.api.HardwareChoice;
import kdump.lab.api.KernelChoice;
import kdump.lab.api.RunOptions;
import kdump.lab.api.TimelineEntry;
import kdump.lab.api.Verdict;
import kdump.lab.api.WhyQuestion.Figure;
import kdump.lab.engine.Fixture;
import kdump.lab.engine.ResetDevicesTest;
import kdump.lab.engine.setup.FaultInjection;
import kdump.policies.linux.Linux;
import kdump.policies.resetatprobe.ResetAtProbe;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Devices that do not answer, or not yet: what comes of it for the dump. */
class UnansweredRequestsTest {

    private static final int NVME = 0x1800;
    private static final int NVME_PORT = 0x1508;
    private static final long SECOND = 1_000_000_000;
    /** No service for AER closes the gates. */
    private static final KernelChoice WITHOUT_SERVICES = new KernelChoice(null, null,
            Map.of(KernelProfile.ERROR_SERVICES, 0L));

    private final ErrorMachine current = ErrorMachine.of("server-current");

    /** Its root port lets software see that a function is not ready. */
    private ErrorMachine visible() {
        return current.with(NVME_PORT, Capabilities.EXPRESS, 0x1e, 0, 1);
    }

    private static RunOptions asked(String option, long value) {
        return RunOptions.ofSeed(7).withDeviceOption(NVME, option, value);
    }

    private static List<String> console(ErrorMachine machine, HandoverPolicy policy,
            RunOptions options) throws Exception {
        return machine.runner(options).run(Fixture.session(policy), true, FaultInjection.NONE)
                .timeline().stream().filter(e -> e.what().equals("console"))
                .map(TimelineEntry::text).filter(t -> t.startsWith("pci ")).toList();
    }

    @Test
    void theDumpTargetThatFallsSilentIsNotFound() {
        Verdict verdict = current.run(new Linux(), asked("silentFromNanos", 5 * SECOND));
        assertThat(verdict.captureKernel()).as("no gate is open").isEqualTo("ok");
        assertThat(verdict.dump()).isEqualTo("missing");
        assertThat(verdict.reasons()).contains(
                "enumeration did not find the dump target 0000:18:00.0");
    }

    @Test
    void aResetOfItsBusBringsItBackButOneOfTheFunctionDoesNotReachIt() {
        RunOptions silent = asked("silentFromNanos", SECOND);
        assertThat(current.run(ResetDevicesTest.POLICY, silent).dump()).isEqualTo("complete");
        assertThat(current.run(new ResetAtProbe(), silent).dump()).isEqualTo("missing");
    }

    @Test
    void withOpenGatesTheTimeOutEndsTheCaptureKernelAndWhyTellsWhoDidNotAnswer() {
        var open = ErrorMachine.of("server-2012");
        RunOptions silent = RunOptions.ofSeed(7).withKernels(WITHOUT_SERVICES)
                .withDeviceOption(0x100, "silentFromNanos", 15 * SECOND);
        Verdict verdict = open.run(ResetDevicesTest.POLICY, silent);
        assertThat(verdict.captureKernel()).isEqualTo("hung");
        assertThat(verdict.errors()).singleElement().satisfies(e -> assertThat(e.kind())
                .isEqualTo("completion timeout"));
        assertThat(open.why(ResetDevicesTest.POLICY, silent, Figure.HUNG)).hasSizeGreaterThan(3)
                .element(2).isEqualTo("does not answer what the processor asks of it");
    }

    /** Its own errors are what the service is told of, and it reads nothing of whom they are. */
    @Test
    void aServiceForAerTakesTheTimeOutsInstead() {
        Verdict verdict = ErrorMachine.of("server-2012").run(ResetDevicesTest.POLICY,
                RunOptions.ofSeed(7).withDeviceOption(0x100, "silentFromNanos", 15 * SECOND));
        assertThat(verdict.captureKernel()).isEqualTo("ok");
        assertThat(verdict.dump()).as("to a disk on the root bus").isEqualTo("complete");
        assertThat(verdict.errors()).isNotEmpty().allSatisfy(e -> {
            assertThat(e.kind()).as("the first is told, the rest as one")
                    .isIn("CmpltTO", "non-fatal error");
            assertThat(e.became()).isEqualTo("not recovered");
        });
    }

    @Test
    void withoutATimeOutTheProcessorWaitsForEver() {
        Verdict verdict = current.with(NVME_PORT, Capabilities.EXPRESS, 0x28, 0, 0x10)
                .run(new Linux(), asked("silentFromNanos", 5 * SECOND));
        assertThat(verdict.captureKernel()).isEqualTo("hung");
        assertThat(verdict.reasons()).contains("the processor waits for ever for 0000:18:00.0 to"
                + " answer: its root port has Completion Timeout disabled");
        assertThat(verdict.errors()).isEmpty();
    }

    /** The time that a processor waits is lost for all else. */
    @Test
    void eachRequestCostsTheTimeOut() throws Exception {
        RunOptions silent = asked("silentFromNanos", 5 * SECOND);
        long[] ends = new long[2];
        for (int i = 0; i < 2; i++) {
            var machine = current.with(NVME_PORT, Capabilities.EXPRESS, 0x28, 0, i == 0 ? 1 : 0xd);
            ends[i] = machine.runner(silent).run(Fixture.session(new Linux()), true,
                    FaultInjection.NONE).timeline().stream()
                    .filter(e -> e.text().equals("dma remapping"))
                    .mapToLong(TimelineEntry::nanosSinceCrash).findFirst().orElseThrow();
        }
        assertThat(ends[1] - ends[0]).as("13 s a request, in which T6 falls due")
                .isGreaterThan(8 * SECOND);
    }

    /** Gives the unit empty tables while it goes on translating. */
    private static List<Step> block(HandoverEvent event, HandoverView view) {
        return event.equals(new PhaseStart(Phase.INTERRUPT_REMAPPING)) ? TakeOver.interrupts(view)
                : event.equals(new PhaseStart(Phase.DMA_REMAPPING))
                        ? List.of(new Step.StartClean(0)) : List.of();
    }

    @ParameterizedTest
    @CsvSource({"0, false", "1, false", "2, true"})
    void aReadThatTheUnitLeavesWithoutCompletionIsTheReadersError(long answer, boolean hangs) {
        var server = ErrorMachine.of("server").with(0x100, 0, 4, 0, 0x100)
                .with(0x08, 0, 0x3e, 0, 2).with(0x08, Capabilities.EXPRESS, 0x1c, 0, 7);
        Verdict verdict = server.run((event, view, notes) -> block(event, view),
                RunOptions.ofSeed(3).withKernels(WITHOUT_SERVICES).withHardware(
                        new HardwareChoice("spec", Map.of("vtd.blockedReadAborts", answer))));
        assertThat(verdict.faults().requests()).isPositive();
        assertThat(verdict.captureKernel()).isEqualTo(hangs ? "hung" : "ok");
        assertThat(verdict.errors()).hasSize(hangs ? 1 : 0).allSatisfy(e -> {
            assertThat(e.kind()).isEqualTo("completion timeout");
            assertThat(e.gates()).isEqualTo("0000:01:00.0: SERR#, SERR# of bridge 0000:00:01.0,"
                    + " system error on non-fatal error");
        });
    }

    @ParameterizedTest
    @CsvSource({"3, complete", "70, missing", "-1, missing"})
    void aFunctionThatComesBackLateIsWaitedForAfterItsOwnReset(long seconds, String dump)
            throws Exception {
        RunOptions late = asked("readyAfterResetNanos", seconds < 0 ? -1 : seconds * SECOND);
        Verdict verdict = current.run(new ResetAtProbe(), late);
        assertThat(verdict.dump()).isEqualTo(dump);
        List<String> lines = console(current, new ResetAtProbe(), late);
        assertThat(lines).startsWith("pci 0000:18:00.0: not ready 1023ms after FLR; waiting",
                "pci 0000:18:00.0: not ready 2047ms after FLR; waiting");
        assertThat(lines).last().isEqualTo(seconds == 3
                ? "pci 0000:18:00.0: ready 4095ms after FLR"
                : "pci 0000:18:00.0: not ready 65535ms after FLR; giving up");
        assertThat(verdict.reasons().contains("refused: not ready after FLR"))
                .isEqualTo(dump.equals("missing"));
    }

    /** Enumeration waits only where it sees that somebody is there. */
    @ParameterizedTest
    @CsvSource({"false, 15, missing", "true, 15, complete", "true, 80, missing"})
    void enumerationFindsAFunctionThatIsNotReadyWhereTheRootPortShowsIt(boolean shows,
            long seconds, String dump) throws Exception {
        ErrorMachine machine = shows ? visible() : current;
        RunOptions late = asked("readyAfterResetNanos", seconds * SECOND);
        Verdict verdict = machine.run(ResetDevicesTest.POLICY, late);
        assertThat(verdict.dump()).isEqualTo(dump);
        List<String> lines = console(machine, ResetDevicesTest.POLICY, late);
        assertThat(lines.isEmpty()).isEqualTo(!shows);
        if (shows) {
            assertThat(lines).first()
                    .isEqualTo("pci 0000:18:00.0: not ready after 1023ms; waiting");
            assertThat(lines).last().asString().endsWith(dump.equals("complete")
                    ? ": ready after 16383ms" : ": not ready after 65535ms; giving up");
        }
    }

    @ParameterizedTest
    @CsvSource({"silentFromNanos, -1, silentFromNanos = -1",
        "readyAfterResetNanos, -2, 'readyAfterResetNanos = -2, expected -1 or more'"})
    void timesThatCannotBeAreRefused(String option, long value, String words) {
        assertThatThrownBy(() -> current.runner(asked(option, value))).hasMessage(words);
    }
}
