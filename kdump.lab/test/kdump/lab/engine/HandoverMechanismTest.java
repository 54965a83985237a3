// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.kdump.HandoverEvent;
import iommu.api.kdump.HandoverEvent.PhaseStart;
import iommu.api.kdump.HandoverNotes;
import iommu.api.kdump.HandoverPolicy;
import iommu.api.kdump.HandoverView;
import iommu.api.kdump.Phase;
import iommu.api.kdump.Step;
import iommu.api.pcie.RequesterId;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import kdump.lab.api.Crash;
import kdump.lab.api.RunOptions;
import kdump.lab.api.TimelineEntry;
import kdump.lab.api.Verdict;
import kdump.lab.engine.run.PolicySession;
import kdump.lab.engine.setup.FaultInjection;
import kdump.lab.engine.setup.Scenario;
import kdump.lab.engine.verdict.Runner;
import kdump.policies.copytables.CopyTables;
import kdump.policies.disablereinit.DisableReinit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Verdicts of real captured machines under both policies, and what breaking the mechanism does. */
class HandoverMechanismTest {

    private static final int GCMD = 0x18;
    private static final int GSTS = 0x1c;
    private static final int RTADDR = 0x20;
    private static final int CCMD = 0x28;
    private static final long INVALIDATE_ALL_CONTEXTS = 1L << 63 | 1L << 61;
    private static final long TRANSLATION_ENABLE = 1L << 31;
    private static final long SET_ROOT_POINTER = 1L << 30;
    private static final long QUEUE_ENABLE = 1L << 26;
    private static final long PERSISTENT = 0x96ff_ffffL;

    @ParameterizedTest
    @CsvSource({"vtd1, 7", "vtd1, 8", "vtdsm1, 7", "vtd39_612_lazy, 7", "vtd_ats, 3"})
    void copiedTablesLoseAndCorruptNothing(String machine, long seed) {
        Verdict verdict = Fixture.run(machine, new CopyTables(), RunOptions.ofSeed(seed));

        assertThat(verdict.captureKernel()).isEqualTo("ok");
        assertThat(verdict.dump()).isEqualTo("complete");
        assertThat(verdict.faults().requests()).isZero();
        assertThat(verdict.untranslatedDma().requests()).isZero();
        assertThat(verdict.oldMemoryBytesChanged()).isZero();
        assertThat(verdict.lateLegitimateBytes()).as("DMA went on").isPositive();
        assertThat(verdict.driversFailed()).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({"vtd1, 1", "vtd1, 7", "vtd1, 8", "vtd1, 9", "vtd_ats, 2", "vtd39_612_lazy, 7"})
    void disablingLetsDmaThroughUntranslatedThenFaultsWhoeverWasActive(String machine, long seed) {
        RunOptions options = RunOptions.ofSeed(seed);
        Verdict verdict = Fixture.run(machine, new DisableReinit(), options);

        assertThat(verdict.untranslatedDma().requests()).isPositive();
        assertThat(verdict.faults().requests()).isPositive();
        // descriptors that were fetched untranslated lead beyond the width of a domain, 04h
        assertThat(Set.of("vtd:0x01", "vtd:0x02", "vtd:0x04", "vtd:0x05", "vtd:0x06"))
                .containsAll(verdict.faults().byReason().keySet());
        assertThat(aliasesOfBusyEngines(machine, options))
                .containsAll(verdict.faults().byRequester().keySet())
                .containsAll(verdict.untranslatedDma().byRequester().keySet());
    }

    @Test
    void scalableModeFaultsWithTheReasonsOfScalableMode() {
        Verdict verdict = Fixture.run("vtdsm1", new DisableReinit(), RunOptions.ofSeed(7));

        assertThat(verdict.untranslatedDma().requests()).isPositive();
        assertThat(verdict.faults().byReason()).as("an empty table of its own, read")
                .containsKey("vtd:0x86");
        assertThat(Set.of("vtd:0x83", "vtd:0x85", "vtd:0x86"))
                .containsAll(verdict.faults().byReason().keySet());
    }

    private static Set<String> aliasesOfBusyEngines(String machine, RunOptions options) {
        Scenario scenario = Fixture.runner(Fixture.machine(machine), options).scenario();
        // 06:01.0 sits behind a bridge from PCI Express to PCI and travels as 06:00.0
        return scenario.loads().keySet().stream().map(RequesterId::format)
                .map(id -> id.equals("0000:06:01.0") ? "0000:06:00.0" : id)
                .collect(Collectors.toCollection(TreeSet::new));
    }

    @ParameterizedTest
    @ValueSource(longs = {0, 12_500_000, 400_000_000})
    void anotherCrashInstantChangesCountsAndNotTheMechanism(long crashAt) {
        RunOptions options = RunOptions.ofSeed(7).withCrashAt(crashAt);

        assertThat(Fixture.run("vtd1", new CopyTables(), options).clean()).isTrue();
        Verdict disabled = Fixture.run("vtd1", new DisableReinit(), options);
        assertThat(disabled.untranslatedDma().requests()).isPositive();
        assertThat(disabled.faults().requests()).isPositive();
    }

    @Test
    void countsDependOnTheCrashInstant() {
        Set<Verdict> verdicts = new java.util.HashSet<>();
        for (long crashAt : new long[] {0, 12_500_000, 300_000_000}) {
            verdicts.add(Fixture.run("vtd1", new DisableReinit(),
                    RunOptions.ofSeed(7).withCrashAt(crashAt)));
        }
        assertThat(verdicts).hasSize(3);
    }

    @Test
    void withoutActiveEnginesBothPoliciesComeOutClean() {
        RunOptions idle = RunOptions.ofSeed(7).withRateFactor(0);

        assertThat(Fixture.run("vtd1", new CopyTables(), idle).clean()).isTrue();
        assertThat(Fixture.run("vtd1", new DisableReinit(), idle).clean()).isTrue();
    }

    @Test
    void theSameSeedGivesTheSameVerdictOnAMemoryThatWasRolledBack() {
        Runner runner = Fixture.runner(Fixture.machine("vtd1"), RunOptions.ofSeed(7));
        PolicySession disable = Fixture.session(new DisableReinit());
        Verdict once = Fixture.crash(runner, disable, false, FaultInjection.NONE).verdict();
        Fixture.crash(runner, Fixture.session(new CopyTables()), false, FaultInjection.NONE);
        Verdict again = Fixture.crash(runner, disable, false, FaultInjection.NONE).verdict();

        assertThat(again).isEqualTo(once);
    }

    @Test
    void passThroughMachinesGoOnUndisturbedUnderCopiedTables() {
        Verdict verdict = Fixture.run("vtd_pt", new CopyTables(), RunOptions.ofSeed(7));

        assertThat(verdict.faults().requests()).isZero();
        assertThat(verdict.untranslatedDma().requests()).isZero();
    }

    @Test
    void copyingNeverSwitchesTranslationOff() {
        Crash crash = Fixture.crash("vtd1", new CopyTables(), RunOptions.ofSeed(7),
                FaultInjection.NONE);

        assertThat(commands(crash))
                .containsExactly(0x82000000L, 0x86000000L, 0x87000000L, 0xc6000000L);
    }

    @Test
    void disablingSwitchesTranslationOffAndOnAgain() {
        Crash crash = Fixture.crash("vtd1", new DisableReinit(), RunOptions.ofSeed(7),
                FaultInjection.NONE);

        List<Long> commands = commands(crash);
        assertThat(commands.subList(0, 3))
                .containsExactly(0x82000000L, 0x86000000L, 0x87000000L);
        assertThat(commands.get(3) & TRANSLATION_ENABLE).as("TE off").isZero();
        assertThat(commands.get(commands.size() - 1) & TRANSLATION_ENABLE).as("TE on").isNotZero();
    }

    private static List<Long> commands(Crash crash) {
        return Fixture.beforeRestart(crash).stream().filter(e -> e.what().equals("register"))
                .map(TimelineEntry::text).filter(t -> t.contains("write32 0x018 = 0x"))
                .map(t -> Long.parseLong(t.substring(t.lastIndexOf("0x") + 2), 16)).toList();
    }

    // ---- the mechanism broken on purpose --------------------------------------------------------

    /** Puts an empty root table in while translation is off, and forgets every invalidation. */
    private static final class ToggleWithoutFlush implements HandoverPolicy {

        @Override
        public List<Step> decide(HandoverEvent event, HandoverView view, HandoverNotes notes) {
            if (!event.equals(new PhaseStart(Phase.DMA_REMAPPING))) {
                return List.of();
            }
            long command = view.readRegister(0, GSTS, 4) & PERSISTENT;
            long root = view.crashReservation().end() - (256 << 10);
            var steps = new ArrayList<Step>();
            for (int i = 0; i < 512; i++) {
                steps.add(new Step.WriteMemory(root + 8 * i, 0));
            }
            long off = command & ~TRANSLATION_ENABLE;
            steps.add(new Step.WriteRegister(0, GCMD, 4, off));
            steps.add(new Step.WriteRegister(0, RTADDR, 8, root));
            steps.add(new Step.WriteRegister(0, GCMD, 4, off | SET_ROOT_POINTER));
            steps.add(new Step.WriteRegister(0, GCMD, 4, off | TRANSLATION_ENABLE));
            return steps;
        }
    }

    @Test
    void togglingTranslationKeepsStaleTranslationsUntilItIsMadeToFlush() {
        RunOptions options = RunOptions.ofSeed(7);
        Verdict real = Fixture.crash("vtd1", new ToggleWithoutFlush(), options,
                FaultInjection.NONE).verdict();
        Verdict broken = Fixture.crash("vtd1", new ToggleWithoutFlush(), options,
                FaultInjection.TOGGLE_FLUSHES).verdict();

        assertThat(broken.faults().requests()).isGreaterThan(real.faults().requests());
    }

    /** Copies the tables, then loses the copied context entries, noticed by the unit or not. */
    private record CopyAndDrop(boolean invalidate) implements HandoverPolicy {

        @Override
        public List<Step> decide(HandoverEvent event, HandoverView view, HandoverNotes notes) {
            if (!event.equals(new PhaseStart(Phase.DRIVERS))) {
                return new CopyTables().decide(event, view, notes);
            }
            long root = view.readRegister(0, RTADDR, 8) & ~0xfffL;
            var steps = new ArrayList<Step>();
            for (int bus = 0; bus < 256; bus++) {
                long entry = view.readMemory(root + 16L * bus);
                for (int i = 0; (entry & 1) != 0 && i < 512; i++) {
                    steps.add(new Step.WriteMemory((entry & ~0xfffL) + 8L * i, 0));
                }
            }
            if (invalidate) {
                // by register, so with the queue off
                long command = view.readRegister(0, GSTS, 4) & PERSISTENT;
                steps.add(new Step.WriteRegister(0, GCMD, 4, command & ~QUEUE_ENABLE));
                steps.add(new Step.WriteRegister(0, CCMD, 8, INVALIDATE_ALL_CONTEXTS));
                steps.add(new Step.WriteRegister(0, GCMD, 4, command));
            }
            return steps;
        }
    }

    @Test
    void droppingTheCopiedContextsMakesActiveDevicesFault() {
        Verdict verdict = Fixture.run("vtd1", new CopyAndDrop(true), RunOptions.ofSeed(7));

        assertThat(verdict.faults().byReason()).containsOnlyKeys("vtd:0x02");
    }

    @Test
    void cachedContextsServeOnAfterTheirEntriesAreGoneFromMemory() {
        Verdict verdict = Fixture.run("vtd1", new CopyAndDrop(false), RunOptions.ofSeed(7));

        assertThat(verdict.faults().requests()).isZero();
    }

    @Test
    void withoutProvenanceNothingThatChangedCanBeCalledLegitimate() {
        Verdict verdict = Fixture.crash("vtd1", new CopyTables(), RunOptions.ofSeed(7),
                FaultInjection.NO_PROVENANCE).verdict();

        assertThat(verdict.dump()).isEqualTo("corrupt");
        assertThat(verdict.lateLegitimateBytes()).isZero();
        assertThat(verdict.dumpBytesStray()).isPositive();
    }
}
