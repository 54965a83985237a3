// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.kdump.HandoverEvent.PhaseStart;
import iommu.api.kdump.HandoverPolicy;
import iommu.api.kdump.HandoverView;
import iommu.api.kdump.Phase;
import iommu.api.kdump.Step;
import iommu.api.machine.MachineDescription;
import iommu.api.memory.MemoryKind;
import iommu.api.sim.RandomStream;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import kdump.lab.api.RunOptions;
import kdump.lab.api.Verdict;
import kdump.lab.engine.setup.FaultInjection;
import kdump.lab.engine.verdict.Runner;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * "Can't trust anything" (C. Wright, April 2010): between the crash and the capture kernel the old
 * tables are overwritten, and every policy takes over what is left. Each of them comes to an end,
 * and none of them breaks.
 */
class CorruptedTablesTest {

    /** What comes in the place of a word of a table. */
    private enum Damage {
        RANDOM, LOOPING, INTO_THE_CRASH_AREA, INTO_MMIO, ONES;

        long word(long page, int index, HandoverView view, RandomStream random) {
            long levels = (long) (index % 5 + 1) << 9; // next levels where entries have them
            long present = 0x6000_0000_0000_0003L | levels;
            return switch (this) {
                case RANDOM -> random.nextLong();
                case LOOPING -> page | present;
                case INTO_THE_CRASH_AREA -> view.crashReservation().start()
                        + random.nextInt(4096) * 4096L | present;
                case INTO_MMIO -> view.units().get(0).registerBase() | present;
                case ONES -> -1;
            };
        }
    }

    private static final int MOST_PAGES = 40;
    private static final long ADDRESS = 0x000f_ffff_ffff_f000L;

    private static final Map<String, HandoverPolicy> POLICIES = Fixture.policies();

    static Stream<Arguments> damages() {
        return Stream.of("vtd1", "kdamd1").flatMap(machine -> Stream.of(Damage.values())
                .map(damage -> Arguments.of(machine, damage)));
    }

    /** Returns pages of tables: what the unit's table register leads to, level by level. */
    private static List<Long> tables(HandoverView view) {
        String vendor = view.units().get(0).vendor();
        long top = view.readRegister(0, vendor.equals("vtd") ? 0x20 : 0, 8) & ADDRESS;
        Set<Long> found = new LinkedHashSet<>();
        Deque<Long> next = new ArrayDeque<>(List.of(top));
        while (!next.isEmpty() && found.size() < MOST_PAGES) {
            long page = next.remove();
            if (!found.add(page)) {
                continue;
            }
            for (int i = 0; i < 512; i++) {
                long word = view.readMemory(page + 8L * i);
                long to = word & ADDRESS;
                if ((word & 1) != 0 && to != 0 && view.memoryMap().ranges(MemoryKind.SYSTEM_RAM)
                        .stream().anyMatch(r -> r.contains(to))) {
                    next.add(to);
                }
            }
        }
        return List.copyOf(found);
    }

    /** The same policy behind a scribbler, which comes just before the capture kernel looks. */
    private static HandoverPolicy over(HandoverPolicy policy, Damage damage, long seed) {
        return (event, view, notes) -> {
            List<Step> own = policy.decide(event, view, notes);
            if (!event.equals(new PhaseStart(Phase.PURGATORY))) {
                return own;
            }
            var random = new RandomStream(seed, "damage");
            var steps = new ArrayList<Step>();
            List<Long> pages = tables(view);
            assertThat(pages).as("tables that there are").hasSizeGreaterThan(3);
            for (int i = 0; i < 400; i++) {
                long page = pages.get(random.nextInt(pages.size()));
                int index = random.nextInt(512);
                steps.add(new Step.WriteMemory(page + 8L * index,
                        damage.word(page, index, view, random)));
            }
            steps.addAll(own);
            return steps;
        };
    }

    @ParameterizedTest(name = "{0}, {1}")
    @MethodSource("damages")
    void everyPolicyComesToAnEndAndNoneBreaks(String name, Damage damage) {
        MachineDescription machine = Fixture.machine(name);
        Runner runner = Fixture.runner(machine,
                RunOptions.ofSeed(3).withRateFactor(0.05).withCrashAt(1_000_000));
        POLICIES.forEach((policy, decides) -> {
            Verdict verdict = Fixture.crash(runner,
                    Fixture.session(over(decides, damage, policy.hashCode())), false,
                    FaultInjection.NONE).verdict();
            assertThat(verdict.captureKernel()).as("%s: %s", policy, verdict.reasons())
                    .isIn("ok", "corrupted", "hung");
        });
    }
}
