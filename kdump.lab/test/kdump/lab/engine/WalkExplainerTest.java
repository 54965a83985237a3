// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import iommu.api.kdump.HandoverEvent;
import iommu.api.kdump.HandoverEvent.PhaseStart;
import iommu.api.kdump.HandoverNotes;
import iommu.api.kdump.HandoverPolicy;
import iommu.api.kdump.HandoverView;
import iommu.api.kdump.Phase;
import iommu.api.kdump.Step;
import iommu.api.machine.MachineDescription;
import iommu.api.memory.PhysicalMemory;
import iommu.api.pcie.Access;
import iommu.api.pcie.DmaBuffer;
import iommu.api.pcie.RequesterId;
import iommu.api.unit.RemappingUnit;
import iommu.api.unit.Translation;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.GZIPInputStream;
import kdump.lab.api.LabException;
import kdump.lab.api.RunOptions;
import kdump.lab.api.Walk;
import kdump.lab.api.WalkQuestion;
import kdump.lab.engine.machine.Machine;
import kdump.lab.engine.setup.FaultInjection;
import kdump.lab.engine.setup.Scenario;
import kdump.lab.engine.verdict.Runner;
import kdump.lab.engine.verdict.WalkExplainer;
import kdump.policies.copytables.CopyTables;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Walks through units of captured machines, cold and after runs. */
class WalkExplainerTest {

    private static final RunOptions OPTIONS = RunOptions.ofSeed(3).withCrashAt(5_000_000);

    private static WalkQuestion question(int requester, long address, int access) {
        return new WalkQuestion(requester, -1, address, access, false, 0, null, OPTIONS);
    }

    private static RemappingUnit unit(String name) throws LabException {
        MachineDescription machine = Fixture.machine(name);
        PhysicalMemory memory = Runner.loaded(machine, OPTIONS.seed());
        var profile = machine.units().get(0).profile();
        return Fixture.SERVICES.vendor(profile.vendor()).unit(profile, memory);
    }

    private static List<String> rows(String name, String file) throws IOException {
        Path path = Fixture.root().resolve("docs/captures").resolve(name).resolve(file);
        boolean packed = !Files.exists(path);
        try (InputStream in = Files.newInputStream(packed ? Path.of(path + ".gz") : path);
                var lines = new BufferedReader(
                        new InputStreamReader(packed ? new GZIPInputStream(in) : in))) {
            return lines.lines().skip(1).toList();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"vtd1", "vtdsm1", "amd1"})
    void coldWalksEndWhereTheTracedTranslationsWentAndMissEverywhere(String name)
            throws Exception {
        RemappingUnit unit = unit(name);
        for (String row : rows(name, "truth-traced-live.csv")) {
            String[] f = row.split(",", -1);
            Walk walk = new WalkExplainer(unit, question(RequesterId.parse(f[0]), Long.decode(f[1]),
                    f[3].equals("2") ? Access.WRITE : Access.READ)).tell(null);
            assertThat(walk.result().physicalAddress()).as(row).isEqualTo(Long.decode(f[2]));
            assertThat(walk.stale()).isFalse();
            assertThat(walk.steps()).hasSizeGreaterThan(4).extracting(s -> s.cache().outcome())
                    .containsAnyOf("miss").isSubsetOf("miss", "none");
        }
    }

    @ParameterizedTest(name = "{0}: {1} entries on the way to an unmapped address")
    @CsvSource({"vtd1, 4", "vtdsm1, 6"})
    void aWalkThatEndsSaysWhichEntryEndsIt(String name, int least) throws Exception {
        Walk walk = new WalkExplainer(unit(name), question(RequesterId.parse("02:00.0"),
                0x1234_5000L,
                Access.READ)).tell(null);
        assertThat(walk.steps()).hasSizeGreaterThanOrEqualTo(least);
        assertThat(walk.steps().get(walk.steps().size() - 1).decision())
                .startsWith("R=0, W=0, not present: read denied -> fault ");
        assertThat(walk.result().outcome()).isEqualTo("blocked");
    }

    /** What was told is then done: of every buffer of every busy engine, read and write. */
    private static Walk compare(Machine hardware, Scenario scenario, int[] hits)
            throws LabException {
        RemappingUnit unit = hardware.units().get(0);
        for (var load : scenario.loads().entrySet()) {
            int alias = RedirectedMappingTest.alias(load.getKey());
            for (DmaBuffer buffer : load.getValue().writable()) {
                for (int access = Access.READ; access <= Access.WRITE; access++) {
                    Walk walk = new WalkExplainer(unit, question(alias, buffer.iova(), access))
                            .tell(null);
                    hits[0] += walk.steps().stream().anyMatch(
                            s -> s.cache().outcome().equals("hit")) ? 1 : 0;
                    long done = unit.translate(alias, buffer.iova(), access);
                    assertThat(walk.result().outcome().equals("blocked"))
                            .isEqualTo(Translation.isBlocked(done));
                    if (walk.result().outcome().equals("translated")) {
                        assertThat(walk.result().physicalAddress())
                                .isEqualTo(Translation.address(done));
                    }
                }
            }
        }
        return null;
    }

    @ParameterizedTest
    @ValueSource(strings = {"vtd1", "vtdsm1", "amd1"})
    void afterARunTheUnitDoesWhatWasTold(String name) throws Exception {
        Runner runner = Fixture.runner(Fixture.machine(name), OPTIONS);
        int[] hits = new int[1];
        runner.after(Fixture.session(new CopyTables()),
                (hardware, verdict) -> compare(hardware, runner.scenario(), hits));
        assertThat(hits[0]).as("walks in which a cache answered").isPositive();
    }

    /** Moves the leaves of all pages and tells nobody, when the capture kernel begins. */
    private record Unannounced(List<Long> leaves) implements HandoverPolicy {
        @Override
        public List<Step> decide(HandoverEvent event, HandoverView view, HandoverNotes notes) {
            var steps = new ArrayList<Step>();
            if (event.equals(new PhaseStart(Phase.SETUP_ARCH))) {
                leaves.forEach(leaf -> steps.add(new Step.WriteMemory(leaf, 0x200_0003L)));
            }
            return steps;
        }
    }

    @Test
    void anEntryThatWasMovedWithoutInvalidationIsToldStaleAfterTheRun() throws Exception {
        Runner runner = Fixture.runner(Fixture.machine("vtd1"), OPTIONS);
        RemappingUnit unit = unit("vtd1");
        var questions = new ArrayList<WalkQuestion>();
        var leaves = new ArrayList<Long>();
        for (var load : runner.scenario().loads().entrySet()) {
            int alias = RedirectedMappingTest.alias(load.getKey());
            for (DmaBuffer buffer : load.getValue().writable()) {
                questions.add(question(alias, buffer.iova(), Access.READ));
                var steps = new WalkExplainer(unit, questions.get(questions.size() - 1)).tell(null)
                        .steps();
                leaves.add(steps.get(steps.size() - 1).address());
            }
        }
        var stale = new ArrayList<Walk>();
        runner.after(Fixture.session(new Unannounced(leaves)), (hardware, verdict) -> {
            for (WalkQuestion q : questions) {
                Walk walk = new WalkExplainer(hardware.units().get(0), q).tell(verdict);
                if (walk.stale()) {
                    stale.add(walk);
                }
            }
            return null;
        });
        assertThat(stale).isNotEmpty().allSatisfy(walk -> {
            assertThat(walk.tables().physicalAddress()).isEqualTo(0x200_0000L);
            assertThat(walk.result().physicalAddress()).isNotEqualTo(0x200_0000L);
            assertThat(walk.steps()).filteredOn(s -> s.structure().equals("IOTLB"))
                    .singleElement().satisfies(s -> assertThat(s.cache().stale()).isTrue());
            assertThat(walk.verdict()).isNotNull();
        });
    }

    @Test
    void aRunThatWasLookedAtLeavesNoTrace() throws Exception {
        Runner runner = Fixture.runner(Fixture.machine("vtd1"), OPTIONS);
        var policy = Fixture.session(new CopyTables());
        var before = Fixture.crash(runner, policy, false, FaultInjection.NONE).verdict();
        runner.after(policy, (hardware, verdict) -> compare(hardware, runner.scenario(),
                new int[1]));
        assertThat(Fixture.crash(runner, policy, false,
                FaultInjection.NONE).verdict()).isEqualTo(before);
    }

    private static Walk message(RemappingUnit unit, int requester, int index)
            throws LabException {
        return new WalkExplainer(unit, new WalkQuestion(requester, -1,
                0xfee0_0010L | (long) index << 5, Access.WRITE, false, 0, null, OPTIONS))
                .tell(null);
    }

    @Test
    void presentInterruptEntriesAreForTheSourceTheyNameAndForNobodyElse() throws Exception {
        RemappingUnit unit = unit("vtdsm1");
        int present = 0;
        for (int index = 0; index < 256; index++) {
            Walk.Step step = message(unit, 0xffff, index).steps().get(0);
            assertThat(step.structure()).isEqualTo("interrupt remapping entry");
            assertThat(step.cache().outcome()).isEqualTo("miss");
            if ((step.raw().get(0) & 1) == 0) {
                assertThat(step.decision()).startsWith("P=0 -> fault 22h");
            } else {
                present++;
                int source = (int) (step.raw().get(1) & 0xffff);
                assertThat(step.decision()).startsWith("SID does not fit the requester");
                assertThat(message(unit, source, index).result()).satisfies(r -> {
                    assertThat(r.outcome()).isEqualTo("interrupt");
                    assertThat(r.text()).startsWith("vector 0x");
                });
            }
        }
        assertThat(present).isGreaterThan(10);
    }

    @Test
    void aUnitWithoutPasidsRefusesThem() throws Exception {
        var q = new WalkQuestion(0x10, 5, 0x1000, Access.READ, false, 0, null, OPTIONS);
        assertThatThrownBy(() -> new WalkExplainer(unit("amd1"), q).tell(null))
                .isInstanceOf(LabException.class).hasMessageContaining("PASID");
        assertThat(new WalkExplainer(unit("vtd1"), q).tell(null).result().fault())
                .isEqualTo("vtd:0x31");
    }

    @Test
    void aPasidHasTwentyBits() {
        assertThatThrownBy(() -> new WalkQuestion(0, 1 << 20, 0, 1, false, 0, null, OPTIONS))
                .isInstanceOf(IllegalArgumentException.class).hasMessageContaining("0x100000");
    }
}
