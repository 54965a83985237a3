// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.machine;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.pcie.DeviceContext;
import iommu.api.pcie.Workload;
import iommu.api.sim.RandomStream;
import iommu.testkit.seeds.Seeds;
import java.util.List;
import java.util.Map;
import kdump.lab.api.RunOptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** How fast media and wires are follows from the load, unless somebody asks for another. */
class DeviceSetupTest {

    private static final int BUSY = 0x100;
    private static final int OTHER = 0x200;
    private static final String MEDIUM = DeviceContext.MEDIUM_NANOS;
    private static final String FRAME = DeviceContext.FRAME_NANOS;

    private static Workload load(double requestsPerSecond) {
        return new Workload(requestsPerSecond, false, 500, 512, List.of(), List.of(), List.of(),
                List.of(), null);
    }

    private static DeviceSetup setup(double requestsPerSecond) {
        return DeviceSetup.of(RunOptions.ofSeed(5).withCrashAt(77),
                Map.of(BUSY, load(requestsPerSecond)));
    }

    /** A period of the load, but no less than the model says, and 2 ms if nobody asks. */
    @ParameterizedTest(name = "{0} a second, model {1} ns: {2} ns")
    @CsvSource({"1, 5000, 2000000", "499, 5000, 2000000", "500, 5000, 2000000",
        "501, 5000, 1996007", "1000, 5000, 1000000", "100000, 5000, 10000",
        "200000, 5000, 5000", "200001, 5000, 5000", "1000000, 5000, 5000",
        "1, 3000000, 3000000", "1000, 0, 1000000", "2e9, 0, 0", "0, 5000, 5000", "0, 0, 0"})
    void aMediumKeepsUpWithItsLoad(double requests, long model, long nanos) {
        assertThat(setup(requests).option(BUSY, MEDIUM, model)).isEqualTo(nanos);
    }

    @ParameterizedTest(name = "{0} requests a second, a frame each {1} ns")
    @CsvSource({"16, 1000000000", "32, 500000000", "1000, 16000000", "3, 5333333333",
        "0.5, 32000000000", "1e6, 16000", "16e9, 1", "17e9, 0", "0, 0"})
    void framesAreSixteenTimesRarerThanRequests(double requests, long nanos) {
        assertThat(setup(requests).option(BUSY, FRAME, 123)).isEqualTo(nanos);
    }

    @Test
    void whatIsNotBusyIsAsItsModelSaysAndGetsNoFrames() {
        DeviceSetup setup = setup(1000);
        assertThat(setup.option(OTHER, MEDIUM, 42)).isEqualTo(42);
        assertThat(setup.option(OTHER, FRAME, 42)).isZero();
    }

    @ParameterizedTest
    @ValueSource(longs = {0, 1, 50_000_000, RunOptions.MAX_CRASH_AT})
    void theCrashIsToldToEachDevice(long nanos) {
        var setup = DeviceSetup.of(RunOptions.ofSeed(1).withCrashAt(nanos), Map.of());
        assertThat(setup.option(BUSY, DeviceContext.CRASH_NANOS, -1)).isEqualTo(nanos);
        assertThat(setup.option(OTHER, DeviceContext.CRASH_NANOS, -1)).isEqualTo(nanos);
        assertThat(setup.crashAtNanos()).isEqualTo(nanos);
    }

    @ParameterizedTest
    @ValueSource(strings = {DeviceContext.SECTORS, DeviceContext.RESERVED_START, "queues", ""})
    void otherOptionsAreAsTheModelSays(String name) {
        for (long otherwise : new long[] {Long.MIN_VALUE, -1, 0, 7, Long.MAX_VALUE}) {
            assertThat(setup(1000).option(BUSY, name, otherwise)).isEqualTo(otherwise);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {DeviceContext.CRASH_NANOS, DeviceContext.MEDIUM_NANOS,
        DeviceContext.FRAME_NANOS, DeviceContext.SECTORS, "queues"})
    void whatSomebodyAsksForIsWhatItGetsAlone(String name) {
        long before = setup(1000).option(BUSY, name, 5);
        var asked = new DeviceSetup(1, 77, Map.of(BUSY, Map.of(name, 3L), OTHER, Map.of()),
                Map.of(BUSY, load(1000), OTHER, load(1000)));
        assertThat(asked.option(BUSY, name, 5)).isEqualTo(3);
        assertThat(asked.option(OTHER, name, 5)).isEqualTo(before);
        assertThat(asked.option(BUSY, name + "x", 5)).isEqualTo(5);
    }

    @Test
    void optionsOfARunAreHandedOn() {
        var options = RunOptions.ofSeed(9).withDeviceOption(BUSY, MEDIUM, 1)
                .withDeviceOption(BUSY, "queues", 2).withDeviceOption(OTHER, "queues", 3);
        var loads = Map.of(OTHER, load(4));
        var setup = DeviceSetup.of(options, loads);
        assertThat(setup.seed()).isEqualTo(9);
        assertThat(setup.loads()).isEqualTo(loads);
        assertThat(setup.option(BUSY, MEDIUM, 50)).isEqualTo(1);
        assertThat(setup.option(BUSY, "queues", 50)).isEqualTo(2);
        assertThat(setup.option(OTHER, "queues", 50)).isEqualTo(3);
    }

    /** The busier, the faster; never faster than the model, nor slower than both limits. */
    @Seeds
    void aBusierMediumIsNeverSlower(long seed) {
        var random = new RandomStream(seed, "loads");
        for (int i = 0; i < 100; i++) {
            long model = random.between(0, 4_000_000);
            double slow = 1 + random.nextInt(1_000_000);
            double fast = slow + 1 + random.nextInt(1_000_000);
            long slowly = setup(slow).option(BUSY, MEDIUM, model);
            long quickly = setup(fast).option(BUSY, MEDIUM, model);
            assertThat(quickly).isBetween(model, slowly);
            assertThat(slowly).isLessThanOrEqualTo(Math.max(model, 2_000_000));
            assertThat(setup(fast).option(BUSY, FRAME, 0))
                    .isLessThanOrEqualTo(setup(slow).option(BUSY, FRAME, 0));
        }
    }
}
