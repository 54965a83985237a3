// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.verdict;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.kdump.HandoverPolicy;
import iommu.api.kdump.Phase;
import iommu.api.pcie.Access;
import iommu.api.pcie.PciFunction;
import iommu.api.sim.RandomStream;
import iommu.api.trace.Trace.Level;
import iommu.api.unit.RemappingUnit;
import iommu.api.unit.Translation;
import iommu.testkit.seeds.Seeds;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import kdump.lab.api.RunOptions;
import kdump.lab.api.TimelineEntry;
import kdump.lab.api.Verdict;
import kdump.lab.engine.Fixture;
import kdump.lab.engine.Stage;
import kdump.lab.engine.machine.Machine;
import kdump.policies.copytables.CopyTables;
import kdump.policies.disablereinit.DisableReinit;
import kdump.policies.leavedisabled.LeaveDisabled;
import kdump.policies.reuseinplace.ReuseInPlace;
import kdump.policies.reuseroot.ReuseRoot;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** However a run is followed, the same is said about it. */
class JudgingTest {

    private static final Map<String, HandoverPolicy> POLICIES = Map.of(
            "copy-tables", new CopyTables(), "disable-reinit", new DisableReinit(),
            "leave-disabled", new LeaveDisabled(), "reuse-in-place", new ReuseInPlace(),
            "identity-map", Fixture.identityMap(), "reuse-root", new ReuseRoot());
    private static final String[] NAMES = POLICIES.keySet().stream().sorted()
            .toArray(String[]::new);

    /** Engines take their time, so that a boot of many seconds is not all DMA. */
    private static Stage busy(String machine) {
        return new Stage(machine, RunOptions.ofSeed(7).withRateFactor(0.05)
                .withCrashAt(20_000_000));
    }

    // ---- levels ---------------------------------------------------------------------------------

    @ParameterizedTest
    @CsvSource({"vtd1, copy-tables", "vtd1, disable-reinit", "vtd1, leave-disabled",
        "vtd1, reuse-in-place", "vtd1, identity-map", "vtd1, reuse-root",
        "kdamd1, copy-tables", "kdamd1, disable-reinit", "kdamd1, leave-disabled",
        "kdamd1, reuse-in-place", "kdamd1, identity-map", "kdamd1, reuse-root"})
    void whatIsKeptChangesNothingOfWhatIsCounted(String machine, String policy) {
        Stage stage = busy(machine);
        Verdict counted = new Judged(stage, POLICIES.get(policy), Level.COUNT).finish().verdict();
        Verdict kept = new Judged(stage, POLICIES.get(policy), Level.KEEP).finish().verdict();
        assertThat(told(counted)).isEqualTo(told(kept));
    }

    /** At level COUNT one event stands for all equal writes, with the instant of the last. */
    private static List<Object> told(Verdict v) {
        return List.of(v.captureKernel(), v.dump(), v.dumpBytesStray(), v.lateLegitimateBytes(),
                v.oldMemoryBytesChanged(), v.mediaBlocksWrong(), v.mediaBlocksLost(),
                v.framesWrong(), v.framesLost(), v.faults(), v.untranslatedDma(), v.serr(),
                v.errors(), v.interrupts(), v.driversFailed(), v.syntheticBytesUsed(),
                v.reboot(), v.reasons(), v.assumptions());
    }

    // ---- steps ----------------------------------------------------------------------------------

    @Seeds(count = 6)
    void aRunInSlicesIsJudgedAsOneInOneGo(long seed) {
        Stage stage = busy(seed % 2 == 0 ? "vtd1" : "kdamd1");
        HandoverPolicy policy = POLICIES.get(NAMES[(int) Math.floorMod(seed, (long) NAMES.length)]);
        Judged whole = new Judged(stage, policy, Level.KEEP).finish();
        Verdict verdict = whole.verdict();
        List<TimelineEntry> timeline = whole.timeline();
        long end = whole.run.machine().queue().nanos();

        Judged sliced = new Judged(stage, policy, Level.KEEP);
        var random = new RandomStream(seed, "slices");
        while (sliced.run.machine().queue().nanos() < 15_000_000) {
            sliced.run.advance(random.between(0, 4_000_000));
        }
        sliced.to(Phase.CRASH);
        for (int i = 0; i < 500; i++) {
            long slice = random.between(0, random.oneIn(5) ? 2_000_000_000L : 30_000_000);
            if (sliced.run.machine().queue().nanos() + slice < end) {
                sliced.run.advance(slice);
            }
        }
        sliced.finish();
        assertThat(sliced.verdict()).isEqualTo(verdict);
        assertThat(sliced.timeline()).isEqualTo(timeline);
    }

    // ---- tables of the crash --------------------------------------------------------------------

    @Seeds(count = 6)
    void tablesOfTheCrashAnswerAsUnitsOverACopyOfItsMemory(long seed) {
        String[] machines = {"vtd1", "amd1", "vtdsm1"};
        Stage stage = busy(machines[(int) Math.floorMod(seed, 3L)]);
        Judged j = new Judged(stage, seed % 2 == 0 ? new DisableReinit() : new ReuseInPlace(),
                Level.COUNT);
        j.to(Phase.CRASH);
        Machine machine = j.run.machine();
        List<RemappingUnit> copies = machine.unitsOver(j.memory.copy());
        var random = new RandomStream(seed, "addresses");
        var known = new ArrayList<Long>();
        List<PciFunction> functions = machine.functionsWithDevice();
        functions.forEach(f -> {
            if (machine.description().unitOf(f.alias()) >= 0) {
                known.addAll(Stage.mappings(machine, f.requesterId()).keySet());
            }
        });
        CrashTables tables = j.attribution.crashTables();
        ask(random, known, functions, machine, copies, tables);
        j.finish();
        ask(random, known, functions, machine, copies, tables);
    }

    /** More pages than the first room has places for, some of them again and again. */
    private static void ask(RandomStream random, List<Long> known, List<PciFunction> functions,
            Machine machine, List<RemappingUnit> copies, CrashTables tables) {
        for (int i = 0; i < 3000; i++) {
            PciFunction function = functions.get(random.nextInt(functions.size()));
            int unit = machine.description().unitOf(function.alias());
            long page = random.oneIn(5) ? random.nextLong() >>> 24 & -4096
                    : known.get(random.nextInt(known.size()));
            long address = page + random.nextInt(4096);
            int access = random.oneIn(2) ? Access.READ : Access.WRITE;
            assertThat(tables.physicalAddress(unit, function.alias(), address, access))
                    .as("%x of %x", address, function.alias()).isEqualTo(unit < 0 ? address
                            : answer(copies.get(unit).translate(function.alias(), address,
                                    access), address));
        }
    }

    private static long answer(long translation, long address) {
        return Translation.isBlocked(translation) ? -1
                : Translation.isUntranslated(translation) ? address
                        : Translation.address(translation) & -4096 | address & 4095;
    }
}
