// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.machine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import iommu.api.pcie.CompletionStatus;
import iommu.api.pcie.Device;
import iommu.api.sim.EventQueue;
import iommu.testkit.seeds.Seeds;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What configuration requests and memory reads of a device come to, by time and resets. */
class UnresponsiveDeviceTest {

    private static final int REQUESTER = 0x100;

    private final EventQueue clock = new EventQueue();
    private final List<String> calls = new ArrayList<>();
    private final Device device = new Device() {
        @Override
        public void reset() {
            calls.add("reset");
        }

        @Override
        public void resetEnded() {
            calls.add("ended");
        }

        @Override
        public int readRegister(int offset) {
            return 5 + offset;
        }
    };

    private Device of(Long silent, Long ready) {
        var options = new HashMap<String, Long>();
        if (silent != null) {
            options.put(UnresponsiveDevice.SILENT_FROM, silent);
        }
        if (ready != null) {
            options.put(UnresponsiveDevice.READY_AFTER, ready);
        }
        return UnresponsiveDevice.of(device, clock,
                new DeviceSetup(1, 0, Map.of(REQUESTER, options), Map.of()), REQUESTER);
    }

    @Test
    void whoeverAsksForNothingGetsTheDeviceItself() {
        assertThat(of(null, null)).isSameAs(device);
        assertThat(of(null, 0L)).isSameAs(device);
        assertThat(of(null, 1L)).isNotSameAs(device);
        assertThat(of(0L, null)).isNotSameAs(device);
    }

    @ParameterizedTest
    @CsvSource({"-1, 0, silentFromNanos = -1", "-9223372036854775808, 0, silentFromNanos",
        "5, -2, readyAfterResetNanos = -2"})
    void negativeTimesAreRefused(long silent, long ready, String words) {
        assertThatIllegalArgumentException().isThrownBy(() -> of(silent, ready))
                .withMessageContaining(words);
    }

    @Test
    void itIsSilentFromItsInstantUntilAReset() {
        Device slow = of(1_000L, null);
        clock.advance(999);
        assertThat(slow.completion()).isEqualTo(CompletionStatus.SUCCESS);
        clock.advance(1);
        assertThat(slow.completion()).isEqualTo(CompletionStatus.COMPLETION_TIMEOUT);
        assertThat(slow.present()).as("it is plugged in").isTrue();
        assertThat(slow.readRegister(0, 4, 4)).as("and works on").isEqualTo(9);
        slow.reset();
        assertThat(slow.completion()).isEqualTo(CompletionStatus.SUCCESS);
        clock.advance(1_000_000);
        assertThat(slow.completion()).as("once").isEqualTo(CompletionStatus.SUCCESS);
    }

    /** A reset before it falls silent does not keep it from it. */
    @Test
    void anEarlyResetHealsNothing() {
        Device slow = of(1_000L, null);
        clock.advance(500);
        slow.reset();
        slow.resetEnded();
        clock.advance(500);
        assertThat(slow.completion()).isEqualTo(CompletionStatus.COMPLETION_TIMEOUT);
    }

    /** The time runs from the end of a reset that is held, as from one that is a moment. */
    @Test
    void itIsReadySoLongAfterTheResetHasEnded() {
        Device slow = of(null, 100L);
        assertThat(slow.completion()).as("never reset").isEqualTo(CompletionStatus.SUCCESS);
        slow.reset();
        assertThat(slow.completion()).isEqualTo(CompletionStatus.REQUEST_RETRY);
        clock.advance(90);
        slow.resetEnded();
        clock.advance(99);
        assertThat(slow.completion()).isEqualTo(CompletionStatus.REQUEST_RETRY);
        clock.advance(1);
        assertThat(slow.completion()).isEqualTo(CompletionStatus.SUCCESS);
        assertThat(calls).containsExactly("reset", "ended");
    }

    @Test
    void oneThatNeverComesBackRetriesForEver() {
        Device slow = of(null, -1L);
        slow.reset();
        clock.advance(1L << 60);
        assertThat(slow.completion()).isEqualTo(CompletionStatus.REQUEST_RETRY);
    }

    /** Whatever comes when: completions are those of a model that keeps two instants. */
    @Seeds(count = 8)
    void completionsFollowFromTimeAndResets(long seed) {
        var random = new Random(seed);
        long silent = random.nextInt(2_000);
        long ready = random.nextInt(300) - 1;
        Device slow = of(silent, ready);
        boolean healed = false;
        long lastReset = -1;
        for (int i = 0; i < 200; i++) {
            clock.advance(1 + random.nextInt(40));
            if (random.nextInt(20) == 0) {
                healed |= clock.nanos() >= silent;
                lastReset = clock.nanos();
                if (random.nextBoolean()) {
                    slow.reset();
                } else {
                    slow.reset();
                    slow.resetEnded();
                }
            }
            boolean waits = lastReset >= 0
                    && (ready < 0 || clock.nanos() - lastReset < ready);
            assertThat(slow.completion()).isEqualTo(!healed && clock.nanos() >= silent
                    ? CompletionStatus.COMPLETION_TIMEOUT
                    : waits ? CompletionStatus.REQUEST_RETRY : CompletionStatus.SUCCESS);
        }
    }
}
