// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.run;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.kdump.HandoverEvent;
import iommu.api.kdump.HandoverEvent.PhaseStart;
import iommu.api.kdump.HandoverPolicy;
import iommu.api.kdump.Phase;
import iommu.api.kdump.Step;
import iommu.api.sim.RandomStream;
import iommu.api.trace.Event;
import iommu.api.trace.EventKind;
import iommu.api.trace.Trace.Level;
import iommu.testkit.seeds.Seeds;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import kdump.lab.api.RunOptions;
import kdump.lab.engine.Stage;
import kdump.lab.engine.run.Run.Ending;
import kdump.policies.copytables.CopyTables;
import kdump.policies.disablereinit.DisableReinit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** A run that is stepped is the run that is done in one go. */
class RunStepperTest {

    private static final long CRASH_AT = 8_000_000;
    private static final HandoverPolicy NOTHING = (event, view, notes) -> List.of();
    private static final Map<String, HandoverPolicy> POLICIES = Map.of(
            "copy-tables", new CopyTables(), "disable-reinit", new DisableReinit());

    /** Engines take their time, so that the many seconds of a boot are not all DMA. */
    private static Stage busy(String machine) {
        return new Stage(machine, RunOptions.ofSeed(7).withRateFactor(0.02)
                .withCrashAt(CRASH_AT));
    }

    private static List<Phase> phases(Run run) {
        return Stage.events(run.machine().trace()).stream()
                .filter(e -> e.kind() == EventKind.PHASE)
                .map(e -> Phase.values()[(int) e.a()]).toList();
    }

    private static List<Event> finished(Run run) {
        run.finish();
        return Stage.events(run.machine().trace());
    }

    // ---- by phases ------------------------------------------------------------------------------

    @ParameterizedTest
    @EnumSource(Phase.class)
    void itStopsWhereAPhaseHasBegun(Phase phase) {
        Run run = Stage.idle().run(new CopyTables(), Level.KEEP);
        run.advance(phase);

        assertThat(run.phase()).isEqualTo(phase);
        assertThat(phases(run)).containsExactlyElementsOf(
                List.of(Phase.values()).subList(0, phase.ordinal() + 1));
        assertThat(run.hasCrashed()).isEqualTo(phase != Phase.RUNNING);
        assertThat(run.ending()).isEqualTo(Ending.NONE);
        assertThat(run.dump() != null).isEqualTo(phase == Phase.DUMP);
    }

    @ParameterizedTest
    @CsvSource({"vtd1, copy-tables", "vtd1, disable-reinit", "kdamd1, copy-tables",
        "amd1, disable-reinit"})
    void phaseByPhaseNothingIsLeftOutOrDoneTwice(String machine, String policy) {
        Stage stage = busy(machine);
        List<Event> once = finished(stage.run(POLICIES.get(policy), Level.KEEP));
        Run stepped = stage.run(POLICIES.get(policy), Level.KEEP);
        for (Phase phase : Phase.values()) {
            stepped.advance(phase);
            stepped.advance(phase);
        }
        assertThat(finished(stepped)).isEqualTo(once);
    }

    @Test
    void aPhaseThatIsOverIsNoReasonToGoOn() {
        Run run = Stage.idle().run(new CopyTables(), Level.KEEP);
        run.advance(Phase.ENUMERATION);
        int events = run.machine().trace().size();
        long nanos = run.machine().queue().nanos();
        run.advance(Phase.CRASH);

        assertThat(run.phase()).isEqualTo(Phase.ENUMERATION);
        assertThat(run.machine().trace().size()).isEqualTo(events);
        assertThat(run.machine().queue().nanos()).isEqualTo(nanos);
    }

    @Test
    void atTheCrashThePolicyHasNotBeenAskedYet() {
        var asked = new ArrayList<HandoverEvent>();
        Run run = Stage.idle().run((event, view, notes) -> {
            asked.add(event);
            return List.of();
        }, Level.KEEP);
        run.advance(Phase.CRASH);
        assertThat(asked).containsExactly(new PhaseStart(Phase.RUNNING));
        assertThat(run.machine().queue().nanos()).isEqualTo(run.crashNanos());

        run.advance(Phase.PURGATORY);
        assertThat(asked).containsExactly(new PhaseStart(Phase.RUNNING),
                new PhaseStart(Phase.CRASH), new PhaseStart(Phase.PURGATORY));
    }

    @Test
    void finishedTwiceIsFinishedOnce() {
        Run run = busy("vtd1").run(new CopyTables(), Level.KEEP);
        List<Event> once = finished(run);
        assertThat(finished(run)).isEqualTo(once);
        assertThat(run.dump().pagesWritten()).isEqualTo(run.dump().pagesWanted()).isPositive();
    }

    // ---- by time --------------------------------------------------------------------------------

    @Seeds(count = 6)
    void slicesOfAnyLengthGiveTheSameEvents(long seed) {
        Stage stage = busy(seed % 2 == 0 ? "vtd1" : "kdamd1");
        HandoverPolicy policy = POLICIES.get(seed % 3 == 0 ? "disable-reinit" : "copy-tables");
        Run whole = stage.run(policy, Level.KEEP);
        List<Event> once = finished(whole);
        long end = whole.machine().queue().nanos();

        Run sliced = stage.run(policy, Level.KEEP);
        var random = new RandomStream(seed, "slices");
        long longest = 1L << 20 + random.nextInt(14);
        for (int i = 0; i < 3000; i++) {
            long slice = random.oneIn(9) ? 0 : random.between(1, longest);
            if (sliced.machine().queue().nanos() + slice > end) {
                break;
            }
            sliced.advance(slice);
        }
        assertThat(finished(sliced)).isEqualTo(once);
        assertThat(sliced.machine().queue().nanos()).isEqualTo(end);
    }

    @Test
    void theClockGoesAsFarAsItIsAskedToWhereNoActIsInItsWay() {
        Run run = Stage.idle().run(NOTHING, Level.KEEP);
        long asked = 0;
        for (int millis = 1; millis < 49; millis += 6) {
            run.advance(millis * 1_000_000L - asked);
            asked = millis * 1_000_000L;
            assertThat(run.machine().queue().nanos()).isEqualTo(asked);
            assertThat(run.hasCrashed()).isFalse();
        }
        run.advance(run.crashNanos() - asked - 1);
        assertThat(run.phase()).isEqualTo(Phase.RUNNING);
        run.advance(1);
        assertThat(run.phase()).isEqualTo(Phase.CRASH);
    }

    @Test
    void anActIsDoneWholeAndTheClockStandsLaterThen() {
        long sleep = 500_000_000;
        Run run = Stage.idle().run((event, view, notes) ->
                event.equals(new PhaseStart(Phase.SETUP_ARCH)) ? List.of(new Step.Sleep(sleep))
                        : List.of(), Level.KEEP);
        run.advance(Phase.PURGATORY);
        long at = run.crashNanos()
                + run.scenario().captureProfile().phases().setupArch();
        run.advance(at - run.machine().queue().nanos() - 1);
        assertThat(run.phase()).isEqualTo(Phase.PURGATORY);
        run.advance(1);
        assertThat(run.phase()).isEqualTo(Phase.SETUP_ARCH);
        assertThat(run.machine().queue().nanos()).isEqualTo(at + sleep);
    }

    // ---- again ----------------------------------------------------------------------------------

    @ParameterizedTest
    @CsvSource({"vtd1, copy-tables", "vtd39_612_lazy, disable-reinit", "amd1, copy-tables",
        "kdamd1, disable-reinit"})
    void rolledBackTheNextRunIsTheFirst(String machine, String policy) {
        Stage stage = busy(machine);
        List<Event> first = finished(stage.run(POLICIES.get(policy), Level.KEEP));
        Run between = stage.run(NOTHING, Level.COUNT);
        between.finish();
        assertThat(finished(stage.run(POLICIES.get(policy), Level.KEEP))).isEqualTo(first);
    }

    @Test
    void aRunLeavesNoTraceOnMemory() {
        Stage stage = busy("vtd1");
        var before = stage.memory().copy();
        stage.run(new DisableReinit(), Level.COUNT).finish();
        stage.run(NOTHING, Level.COUNT);
        byte[] was = new byte[4096];
        byte[] is = new byte[4096];
        stage.memory().knownPages(page -> {
            before.read(page, was, 0, was.length);
            stage.memory().read(page, is, 0, is.length);
            assertThat(is).isEqualTo(was);
        });
    }

    // ---- ends -----------------------------------------------------------------------------------

    @Test
    void theFirstReasonToEndCounts() {
        Run run = Stage.idle().run(NOTHING, Level.KEEP);
        assertThat(run.endingReason()).isNull();
        run.end(Ending.WITHDRAWN, "gone");
        run.end(Ending.BROKEN, "broke");
        assertThat(run.ending()).isEqualTo(Ending.WITHDRAWN);
        assertThat(run.endingReason()).isEqualTo("gone");
    }

    @Test
    void whatHasEndedGoesThroughNoMorePhases() {
        Run run = Stage.idle().run(NOTHING, Level.KEEP);
        run.advance(Phase.SETUP_ARCH);
        run.end(Ending.BROKEN, "broke");
        int events = run.machine().trace().size();
        run.advance(Phase.DUMP);
        run.finish();
        assertThat(run.phase()).isEqualTo(Phase.SETUP_ARCH);
        assertThat(run.machine().trace().size()).isEqualTo(events);
        assertThat(run.dump()).isNull();
    }

    @Test
    void aPanicIsTheLastThingOnRecord() {
        Run[] run = new Run[1];
        run[0] = Stage.idle().run((event, view, notes) ->
                event.equals(new PhaseStart(Phase.RUNNING)) ? List.of(new Step.WriteMemory(
                        run[0].image().start() + 64, 1)) : List.of(), Level.KEEP);
        List<Event> events = finished(run[0]);
        Event last = events.get(events.size() - 1);
        assertThat(last.kind()).isEqualTo(EventKind.PANIC);
        assertThat(last.detail()).isEqualTo(run[0].endingReason())
                .isEqualTo("purgatory: digest of the loaded segments differs");
        assertThat(run[0].ending()).isEqualTo(Ending.PANIC);
        assertThat(run[0].phase()).isEqualTo(Phase.PURGATORY);
    }

    @ParameterizedTest
    @CsvSource({"RUNNING, false", "CRASH, true", "PURGATORY, true", "DMA_REMAPPING, true"})
    void aPolicyThatIsGoneEndsItInThatPhase(Phase phase, boolean crashed) {
        Run run = Stage.idle().run((event, view, notes) -> {
            if (event.equals(new PhaseStart(phase))) {
                throw new WithdrawnException("bundle went", null);
            }
            return List.of();
        }, Level.KEEP);
        run.finish();
        assertThat(run.ending()).isEqualTo(Ending.WITHDRAWN);
        assertThat(run.endingReason()).isEqualTo("bundle went");
        assertThat(run.phase()).isEqualTo(phase);
        assertThat(run.hasCrashed()).isEqualTo(crashed);
        assertThat(run.crashMark() >= 0).isEqualTo(crashed);
    }

    @Test
    void refusalsOfRefusalsEnd() {
        var refused = new ArrayList<String>();
        Run run = Stage.idle().run((event, view, notes) -> {
            if (event instanceof HandoverEvent.StepRefused r) {
                refused.add(r.reason());
            }
            return event instanceof PhaseStart p && p.phase() == Phase.SETUP_ARCH
                    || event instanceof HandoverEvent.StepRefused
                            ? List.of(new Step.StartClean(99), new Step.Print("never")) : List.of();
        }, Level.KEEP);
        run.advance(Phase.SETUP_ARCH);
        assertThat(refused).hasSize(8).containsOnly("the machine has no unit 99");
        assertThat(Stage.events(run.machine().trace()))
                .noneMatch(e -> "never".equals(e.detail()));
        assertThat(run.ending()).isEqualTo(Ending.NONE);
    }

    // ---- what was asked for ---------------------------------------------------------------------

    private static AskedSteps asking(Phase at, Step... steps) {
        Run run = Stage.idle().run((event, view, notes) ->
                event.equals(new PhaseStart(at)) ? List.of(steps) : List.of(), Level.COUNT);
        run.finish();
        return run.asked();
    }

    @Test
    void runsInWhichTheSameWasAskedForAreKnown() {
        AskedSteps off = asking(Phase.DMA_REMAPPING, new Step.DisableTranslation(0));
        assertThat(asking(Phase.DMA_REMAPPING, new Step.DisableTranslation(0),
                new Step.Remark("no more")).hash()).isEqualTo(off.hash()).isNotZero();
        assertThat(List.of(off.hash(),
                asking(Phase.DMA_REMAPPING, new Step.StartBlocked(0)).hash(),
                asking(Phase.DMA_REMAPPING, new Step.MapScratch(0)).hash(),
                asking(Phase.FINAL_FIXUPS, new Step.DisableTranslation(0)).hash(),
                asking(Phase.DMA_REMAPPING).hash())).doesNotHaveDuplicates().contains(0L);
        assertThat(off.remarks()).isEmpty();
        assertThat(asking(Phase.CRASH, new Step.Remark("a"), new Step.Remark("a")).remarks())
                .containsExactly("a");
    }
}
