// SPDX-License-Identifier: Apache-2.0
package kdump.scenarios.trial;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.kdump.HandoverEvent;
import iommu.api.kdump.HandoverEvent.PhaseStart;
import iommu.api.kdump.HandoverPolicy;
import iommu.api.kdump.HandoverView;
import iommu.api.kdump.Phase;
import iommu.api.kdump.Step;
import iommu.api.memory.AddressRange;
import iommu.api.sim.RandomStream;
import iommu.testkit.FakeHandover;
import iommu.testkit.seeds.Seeds;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import kdump.lab.api.experiment.Experiment;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Meddlers one around the other, beside a table of answers that is altered in the same way. */
class MeddlerModelTest {

    private static final Phase[] PHASES = Phase.values();

    /** A policy of a table: what it answers as each phase begins, and nothing else. */
    private static HandoverPolicy of(Map<Phase, List<Step>> table) {
        return (event, view, notes) -> event instanceof PhaseStart start
                ? table.getOrDefault(start.phase(), List.of()) : List.of();
    }

    private static List<Step> steps(RandomStream random) {
        var steps = new ArrayList<Step>();
        for (int i = random.nextInt(4); i > 0; i--) {
            steps.add(new Step.Sleep(random.nextInt(5)));
        }
        return steps;
    }

    private static List<Step> joined(List<Step> first, List<Step> second) {
        var all = new ArrayList<>(first);
        all.addAll(second);
        return all;
    }

    @Seeds(count = 40)
    void alteredPoliciesAnswerAsAlteredTables(long seed) {
        var random = new RandomStream(seed, "meddling");
        Map<Phase, List<Step>> table = new EnumMap<>(Phase.class);
        for (Phase phase : PHASES) {
            table.put(phase, steps(random));
        }
        HandoverPolicy policy = of(new EnumMap<>(table));
        for (int i = random.nextInt(6); i > 0; i--) {
            Phase phase = PHASES[random.nextInt(PHASES.length)];
            switch (random.nextInt(3)) {
                case 0 -> {
                    List<Step> more = steps(random);
                    policy = Meddler.before(phase, view -> more).apply(policy);
                    table.put(phase, joined(more, table.get(phase)));
                }
                case 1 -> {
                    Step unwanted = new Step.Sleep(random.nextInt(5));
                    policy = Meddler.without(unwanted::equals).apply(policy);
                    table.replaceAll((p, old) -> old.stream()
                            .filter(s -> !s.equals(unwanted)).toList());
                }
                default -> {
                    Phase to = PHASES[random.nextInt(PHASES.length)];
                    policy = Meddler.moved(phase, to).apply(policy);
                    List<Step> moved = table.put(phase, List.of());
                    if (phase != to) {
                        table.put(to, joined(moved, table.get(to)));
                    }
                }
            }
        }
        var machine = new FakeHandover();
        for (Phase phase : PHASES) {
            assertThat(machine.at(phase, policy)).as("%s", phase).isEqualTo(table.get(phase));
        }
        assertThat(machine.tell(new HandoverEvent.FirstMap(8), policy)).isEmpty();
    }

    @Test
    void whoPutsStepsInLooksAtTheViewOfThatPhaseOnly() {
        var seen = new ArrayList<Phase>();
        HandoverPolicy policy = Meddler.before(Phase.DUMP, view -> {
            seen.add(view.phase());
            return List.of();
        }).apply(of(Map.of()));
        var machine = new FakeHandover();
        for (Phase phase : PHASES) {
            machine.at(phase, policy);
        }
        assertThat(seen).containsExactly(Phase.DUMP);
    }

    @Test
    void aPolicyOfOnePhaseMakesItsStepsOfWhatItSees() {
        HandoverPolicy policy = Meddler.at(Phase.CRASH, view -> view.functions().stream()
                .map(f -> new Step.BlockFunction(f.requester())).toList());
        var machine = new FakeHandover().function(8, 0x010802, 0).function(16, 0x020000, 0);
        assertThat(machine.at(Phase.CRASH, policy)).containsExactly(new Step.BlockFunction(8),
                new Step.BlockFunction(16));
        assertThat(machine.at(Phase.DUMP, policy)).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({"8, 8, false", "8, 16, true", "8, 0x10008, true", "0, -1, true"})
    void identityMapsOfOthersAreTold(String spared, String requester, boolean others) {
        var range = new AddressRange(0, 4096);
        assertThat(Meddler.identityMapOfOthersThan(Integer.decode(spared)).test(
                new Step.IdentityMap(Integer.decode(requester), range))).isEqualTo(others);
        assertThat(Meddler.identityMapOfOthersThan(Integer.decode(spared)).test(
                new Step.ReserveIova(range))).isFalse();
        assertThat(Meddler.identityMapOfOthersThan(Integer.decode(spared)).test(
                new Step.BlockFunction(Integer.decode(requester)))).isFalse();
    }

    // ---- a scribbler that found nothing ---------------------------------------------------------

    @Test
    void aScribblerThatHasSeenNoCrashWritesNothing() {
        HandoverView[] asked = new HandoverView[1];
        var scribbler = new Scribbler(Scribbler.Level.ANY, Phase.DUMP, -1, (address, view) -> {
            asked[0] = view;
            return 1;
        });
        assertThat(scribbler.count()).isZero();
        var experiment = Experiment.of(null, "p", null);
        HandoverPolicy policy = scribbler.in(experiment).around().apply(
                of(Map.of(Phase.DUMP, List.of(new Step.Sleep(3)))));
        assertThat(new FakeHandover().at(Phase.DUMP, policy))
                .containsExactly(new Step.Sleep(3));
        assertThat(asked[0]).isNull();
    }
}
