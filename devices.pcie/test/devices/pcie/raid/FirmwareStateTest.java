// SPDX-License-Identifier: Apache-2.0
package devices.pcie.raid;

import static devices.pcie.raid.RaidMachine.SECOND;
import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.sim.EventQueue;
import iommu.api.sim.RandomStream;
import iommu.testkit.FakeDeviceContext;
import iommu.testkit.FakeFunction;
import iommu.testkit.RecordingUpstream;
import iommu.testkit.RootPort;
import iommu.testkit.seeds.Seeds;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** When the firmware runs, and what it shows when it does not. */
class FirmwareStateTest {

    private final EventQueue clock = new EventQueue();
    private final FakeFunction function = new FakeFunction(8, 0x010400);

    private FirmwareState state(Map<String, Long> options) {
        var context = new FakeDeviceContext(function, new RootPort(new RecordingUpstream(), 8),
                clock, options);
        return new FirmwareState(context, ControllerOptions.of(context));
    }

    @Test
    void itRunsFromTheBeginning() {
        FirmwareState state = state(Map.of());
        assertThat(state.runs()).isTrue();
        assertThat(state.scratchpad()).isEqualTo(0xffff_0000);
        assertThat(state.generation()).isZero();
    }

    @Test
    void aRestartCountsAndTakesItsTime() {
        FirmwareState state = state(Map.of("resetNanos", 100L));
        state.restart();
        assertThat(state.generation()).isEqualTo(1);
        assertThat(state.runs()).isFalse();
        clock.advance(99);
        assertThat(state.runs()).isFalse();
        clock.advance(1);
        assertThat(state.runs()).isTrue();
    }

    @Test
    void whileItComesUpTheHeartStandsStill() {
        FirmwareState state = state(Map.of("resetNanos", 10 * SECOND));
        clock.advance(5 * SECOND);
        assertThat(state.heartbeat()).isEqualTo(10);
        state.restart();
        clock.advance(9 * SECOND);
        assertThat(state.heartbeat()).isZero();
        clock.advance(2 * SECOND);
        assertThat(state.heartbeat()).isEqualTo(2);
    }

    @Test
    void oneThatDoesNotLockUpTakesAborts() {
        FirmwareState state = state(Map.of("wedgesOnAbort", 0L));
        state.aborted();
        assertThat(state.runs()).isTrue();
    }

    @Test
    void itFollowsBusMastering() {
        FirmwareState state = state(Map.of());
        assertThat(state.isBusMaster()).isTrue();
        function.writeConfig(4, 2, 2);
        assertThat(state.isBusMaster()).isFalse();
        assertThat(state.runs()).isTrue();
    }

    /** Aborts, restarts and time, against a state kept by hand. */
    @Seeds
    void itIsReadyLockedUpOrComingUp(long seed) {
        var random = new RandomStream(seed, "firmware");
        FirmwareState state = state(Map.of("resetNanos", 50L, "goneFromNanos", 20_000L));
        boolean locked = false;
        long ready = 0;
        for (int i = 0; i < 2000; i++) {
            switch (random.nextInt(6)) {
                case 0 -> {
                    state.aborted();
                    locked = true;
                }
                case 1 -> {
                    state.restart();
                    locked = false;
                    ready = clock.nanos() + 50;
                }
                default -> clock.advance(random.nextInt(30));
            }
            boolean up = clock.nanos() >= ready;
            assertThat(state.scratchpad()).isEqualTo(
                    locked ? FirmwareState.LOCKUP_CODE : up ? 0xffff_0000 : 0);
            assertThat(state.isPresent()).isEqualTo(clock.nanos() < 20_000);
            assertThat(state.runs()).isEqualTo(!locked && up && clock.nanos() < 20_000);
        }
    }
}
