// SPDX-License-Identifier: Apache-2.0
package iommu.api.kdump;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.kdump.Step.AdoptTables;
import iommu.api.kdump.Step.DisableTranslation;
import iommu.api.kdump.Step.InitialiseInterrupts;
import iommu.api.kdump.Step.StartClean;
import iommu.api.sim.RandomStream;
import iommu.api.unit.AdoptDepth;
import iommu.testkit.FakeHandover;
import iommu.testkit.seeds.Seeds;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Whichever units refuse, each one ends up either with its old tables or with clean ones. */
class RefusedUnitsTest {

    /** Does as the engine does: what follows a refused step is dropped, the answer comes next. */
    private static List<Step> done(FakeHandover machine, HandoverPolicy policy, long refusing) {
        List<Step> done = new ArrayList<>();
        Deque<Step> next = new ArrayDeque<>(machine.at(Phase.DMA_REMAPPING, policy));
        while (!next.isEmpty()) {
            Step step = next.remove();
            assertThat(done).as("steps without end").hasSizeLessThan(1000);
            if (step instanceof AdoptTables adopt && (refusing >>> adopt.unit() & 1) != 0) {
                next.clear();
                next.addAll(machine.refused(step, policy));
            } else {
                done.add(step);
            }
        }
        return done;
    }

    private static FakeHandover machine(int units) {
        var machine = new FakeHandover();
        for (int unit = 0; unit < units; unit++) {
            machine.unit(unit % 2 == 0 ? "vtd" : "amdvi", unit % 2 != 0, null);
        }
        return machine;
    }

    @Seeds(count = 10)
    void everyUnitIsTakenOverOnceInTheirOrder(long seed) {
        var random = new RandomStream(seed, "refused");
        for (AdoptDepth depth : AdoptDepth.values()) {
            int units = random.nextInt(12);
            long refusing = random.nextLong() & (random.oneIn(2) ? random.nextLong() : -1);
            List<Step> expected = new ArrayList<>();
            for (int unit = 0; unit < units; unit++) {
                if ((refusing >>> unit & 1) == 0) {
                    expected.add(new AdoptTables(unit, depth));
                } else {
                    if (unit % 2 == 0) { // the others were switched off at T4
                        expected.add(new DisableTranslation(unit));
                    }
                    expected.add(new StartClean(unit));
                }
            }
            assertThat(done(machine(units), (event, view, notes) ->
                    TakeOver.adopting(event, view, depth), refusing)).isEqualTo(expected);
        }
    }

    @ParameterizedTest(name = "{0} units")
    @CsvSource({"0", "1", "2", "5"})
    void interruptsApartLeaveOutThoseThatShareTables(int units) {
        FakeHandover machine = machine(units);
        List<Step> apart = new ArrayList<>();
        List<Step> all = new ArrayList<>();
        for (int unit = 0; unit < units; unit++) {
            all.add(new InitialiseInterrupts(unit));
            if (unit % 2 == 0) {
                apart.add(new InitialiseInterrupts(unit));
            }
        }
        assertThat(TakeOver.interrupts(machine)).isEqualTo(all);
        assertThat(TakeOver.interruptsApart(machine)).isEqualTo(apart);
    }
}
