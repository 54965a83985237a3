// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.machine.MachineDescription;
import iommu.api.profile.KernelProfile;
import iommu.api.unit.IoApic;
import java.util.List;
import java.util.Map;
import kdump.lab.api.HardwareChoice;
import kdump.lab.api.KernelChoice;
import kdump.lab.api.LabException;
import kdump.lab.api.RunOptions;
import kdump.lab.api.TimelineEntry;
import kdump.lab.api.Verdict;
import kdump.lab.api.Why;
import kdump.lab.api.WhyQuestion;
import kdump.lab.engine.setup.FaultInjection;
import kdump.lab.engine.verdict.Runner;
import kdump.policies.linux.Linux;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The timer and interrupts of pins under an interrupt table of the crashed kernel. */
class TimerCheckTest {

    private static Runner runner(String machine, boolean lint0, String commandLine) {
        MachineDescription d = Fixture.machine(machine);
        List<IoApic> all = d.ioApics().stream().map(a -> new IoApic(a.id(), a.base(),
                a.firstInput(), a.inputs(), a.source(), a.unit(), lint0)).toList();
        try {
            return new Runner(d.withIoApics(all), Fixture.ALL_MODELS, RunOptions.ofSeed(1)
                    .withKernels(KernelChoice.DEFAULT.withCommandLines(null, commandLine)));
        } catch (LabException e) {
            throw new AssertionError(e);
        }
    }

    private static Verdict verdict(Runner runner) throws LabException {
        return runner.run(Fixture.session(new Linux()), false, FaultInjection.NONE).verdict();
    }

    private static List<String> console(Runner runner) throws LabException {
        return runner.run(Fixture.session(new Linux()), true, FaultInjection.NONE).timeline()
                .stream().filter(e -> e.what().equals("console")).map(TimelineEntry::text)
                .filter(t -> t.contains("..")).toList();
    }

    private static List<Why.Link> why(Runner runner, String what) throws LabException {
        return runner.why(() -> Fixture.session(new Linux()), WhyQuestion.parse(what)).chain();
    }

    @ParameterizedTest
    @CsvSource({"vtd1, irqpoll", "vtd1, intel_iommu=off", "kdamd1, irqpoll", "vtdsm1, irqpoll"})
    void withATableOfItsOwnTheTimerWorks(String machine, String words) throws Exception {
        assertThat(console(runner(machine, false, words))).containsExactly(
                "..TIMER: vector=0x30 apic1=0 pin1=2 apic2=-1 pin2=-1");
    }

    /** As recorded in kdvtd2_capoff: intel_iommu=off leaves interrupts remapped. */
    @Test
    void withoutOneTheTimerIsFoundByAWireAndDisksTimeOut() throws Exception {
        Runner runner = runner("vtd1", true, "nointremap");
        assertThat(console(runner)).endsWith("....... failed.",
                "...trying to set up timer as Virtual Wire IRQ...", "..... works.");
        Verdict verdict = verdict(runner);
        assertThat(verdict.captureKernel()).isEqualTo("ok");
        assertThat(verdict.dump()).isEqualTo("missing");
        assertThat(verdict.interrupts().lost()).isGreaterThan(20);
        List<Why.Link> chain = why(runner, "driver:00:1f.2");
        assertThat(chain).element(0).satisfies(l -> assertThat(l.event())
                .contains("failed to IDENTIFY"));
        assertThat(chain).anySatisfy(l -> assertThat(l.facts().getOrDefault("decision", ""))
                .contains("CFIS=0").contains("25h"));
    }

    /** Rows: machine, command line, and what the chain ends with. */
    @ParameterizedTest
    @CsvSource({"vtd1, nointremap, looks at its Global Status register",
        "kdamd1, amd_iommu=off, reads the interrupt table entry"})
    void withoutThatWireItIsTheEnd(String machine, String words, String decided) throws Exception {
        Runner runner = runner(machine, false, words);
        Verdict verdict = verdict(runner);
        assertThat(verdict.captureKernel()).isEqualTo("hung");
        assertThat(verdict.reasons()).anyMatch(r -> r.startsWith("IO-APIC + timer doesn't work!"));
        List<Why.Link> chain = why(runner, "hung");
        assertThat(chain).extracting(Why.Link::event).element(1).asString()
                .isEqualTo("looks whether interrupts of the timer arrive: too few");
        assertThat(chain).extracting(Why.Link::event).contains(
                "sends an interrupt message, which is blocked",
                "writes the redirection entry of an input", decided);
        assertThat(chain.get(chain.size() - 1).actor()).isEqualTo("crashed kernel");
    }

    /** An entry of the crashed kernel's that is not there is what the chain comes down to. */
    @Test
    void theEntryThatBlocksItIsNamedWithAddressAndContent() throws Exception {
        Map<String, String> facts = why(runner("kdamd1", false, "amd_iommu=off"), "hung").stream()
                .filter(l -> l.event().startsWith("reads the interrupt")).findFirst().orElseThrow()
                .facts();
        assertThat(facts).containsEntry("index", "0x30").containsEntry("RemapEn", "0x0")
                .containsKeys("address", "raw");
    }

    /**
     * Under SNP the unit keeps the crashed kernel's tables, whose entry of the timer leads to the
     * processor that took it then. Reported in 2024, and of 6.6.119 in 2025.
     */
    @Test
    void underLockedTablesTheTimerGoesToAProcessorThatNothingRunsOn() throws Exception {
        RunOptions locked = RunOptions.ofSeed(1).withHardware(
                new HardwareChoice(null, Map.of("amdvi.snpLocked", 1L)));
        var elsewhere = new Runner(Fixture.machine("kdamd1"), Fixture.ALL_MODELS,
                locked.withKernels(new KernelChoice(null, null,
                        Map.of(KernelProfile.CRASH_PROCESSOR, 1L))));
        Verdict verdict = verdict(elsewhere);
        assertThat(verdict.reasons()).contains(
                "timer doesn't work through Interrupt-remapped IO-APIC");
        assertThat(verdict.interrupts().lost()).isEqualTo(10);
        assertThat(why(elsewhere, "hung")).extracting(Why.Link::event).containsSubsequence(
                "interrupts a processor that nothing runs on", "sends an interrupt message",
                "reads the interrupt table entry");
        var same = new Runner(Fixture.machine("kdamd1"), Fixture.ALL_MODELS, locked.withKernels(
                new KernelChoice(null, null, Map.of(KernelProfile.CRASH_PROCESSOR, 0L))));
        assertThat(verdict(same).captureKernel()).isNotEqualTo("hung");
    }

    /** What the capture kernel sets up leads to where it runs. */
    @ParameterizedTest
    @CsvSource({"vtd1, 1", "vtdsm1, 5", "kdamd1, 7"})
    void entriesOfItsOwnLeadToTheProcessorThatItRunsOn(String machine, long processor)
            throws Exception {
        Verdict verdict = verdict(new Runner(Fixture.machine(machine), Fixture.ALL_MODELS,
                RunOptions.ofSeed(1).withKernels(new KernelChoice(null, null,
                        Map.of(KernelProfile.CRASH_PROCESSOR, processor)))));
        assertThat(verdict.captureKernel()).isEqualTo("ok");
        assertThat(verdict.driversFailed()).isEmpty();
        assertThat(verdict.interrupts().lost()).isZero();
    }

    /** Who does not look does not panic. */
    @Test
    void noTimerCheckGoesOn() throws Exception {
        assertThat(verdict(runner("vtd1", false, "nointremap no_timer_check")).captureKernel())
                .isEqualTo("ok");
    }

    @Test
    void aMachineWhoseControllersNobodyKnowsLooksAtNothing() throws Exception {
        MachineDescription d = Fixture.machine("vtd1").withIoApics(List.of());
        assertThat(console(new Runner(d, Fixture.ALL_MODELS, RunOptions.ofSeed(1)))).isEmpty();
    }
}
