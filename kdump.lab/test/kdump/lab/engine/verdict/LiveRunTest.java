// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.verdict;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import iommu.api.kdump.HandoverPolicy;
import iommu.api.kdump.Phase;
import java.util.ArrayList;
import java.util.List;
import kdump.lab.api.LabException;
import kdump.lab.api.RunOptions;
import kdump.lab.api.TimelineEntry;
import kdump.lab.api.Verdict;
import kdump.lab.api.live.LiveState;
import kdump.lab.engine.Fixture;
import kdump.lab.engine.setup.FaultInjection;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A machine that is taken step by step comes to what one comes to that runs in one go. */
class LiveRunTest {

    private static final RunOptions OPTIONS = RunOptions.ofSeed(5);

    private static LiveRun live(String policy) throws LabException {
        return Fixture.runner(Fixture.machine("vtd1"), OPTIONS)
                .live(Fixture.session(policy(policy)));
    }

    private static HandoverPolicy policy(String name) {
        return Fixture.policies().get(name);
    }

    private static Verdict inOneGo(String policy) throws LabException {
        return Fixture.crash(Fixture.runner(Fixture.machine("vtd1"), OPTIONS),
                Fixture.session(policy(policy)), false, FaultInjection.NONE).verdict();
    }

    @ParameterizedTest
    @ValueSource(strings = {"linux", "disable-reinit", "leave-disabled", "reset-devices"})
    void phaseByPhaseIsAsInOneGo(String policy) throws LabException {
        LiveRun run = live(policy);
        var labels = new ArrayList<String>();
        while (run.ended() == null) {
            labels.add(run.next().phase());
            run.verdict(); // looking changes nothing
        }
        assertThat(labels).containsExactly("T0", "T1", "T2", "T3", "T4", "T5a", "T5b", "T6", "T7",
                "T8", "T8", "T8");
        assertThat(run.verdict()).isEqualTo(inOneGo(policy));
        assertThat(run.ended()).isEqualTo("reboot " + run.verdict().reboot());
        assertThat(run.next().phase()).as("nothing more happens").isEqualTo("T8");
    }

    @ParameterizedTest
    @ValueSource(longs = {70_000_001, 333_000_000, 20_000_000_000L})
    void timeByTimeIsAsInOneGo(long nanos) throws LabException {
        LiveRun run = live("disable-reinit");
        LiveState state = run.next(nanos);
        while (state.nanosSinceCrash() < 60_000_000_000L) {
            state = run.next(nanos > 100_000_000 ? nanos : nanos + 100_000_000);
        }
        while (run.ended() == null) {
            run.next();
        }
        assertThat(run.verdict()).isEqualTo(inOneGo("disable-reinit"));
    }

    @Test
    void eachThingThatHappensIsToldOnce() throws LabException {
        LiveRun run = live("linux");
        var told = new ArrayList<TimelineEntry>();
        while (run.ended() == null) {
            told.addAll(run.next().news());
            assertThat(run.state().news()).isEmpty();
        }
        assertThat(told).filteredOn(e -> e.what().equals("phase")).hasSize(10);
        List<TimelineEntry> whole = Fixture.crash(Fixture.runner(Fixture.machine("vtd1"),
                OPTIONS), Fixture.session(policy("linux")), true, FaultInjection.NONE).timeline();
        assertThat(whole).containsAll(told);
    }

    @Test
    void theStateTellsUnitsAndDevices() throws LabException {
        LiveRun run = live("leave-disabled");
        assertThat(run.state().phase()).isNull();
        assertThat(run.next(Phase.CRASH).units()).singleElement().satisfies(unit -> {
            assertThat(unit.vendor()).isEqualTo("vtd");
            assertThat(unit.translating()).isTrue();
        });
        assertThat(run.state().devices()).extracting(LiveState.DeviceState::driver)
                .containsOnly("first kernel's");
        LiveState later = run.next(Phase.DUMP);
        assertThat(later.units().get(0).translating()).isFalse();
        assertThat(later.untranslated()).isPositive();
        assertThat(later.devices()).extracting(LiveState.DeviceState::driver).contains("probed");
        assertThat(later.phases()).allSatisfy(p -> assertThat(p.begun()).isTrue());
    }

    @Test
    void aPhaseThatLiesBehindIsRefused() throws LabException {
        LiveRun run = live("linux");
        run.next(Phase.DMA_REMAPPING);
        assertThat(run.next(Phase.DMA_REMAPPING).phase()).isEqualTo("T6");
        assertThatThrownBy(() -> run.next(Phase.CRASH)).hasMessage("T1 lies behind: this is T6");
    }
}
