// SPDX-License-Identifier: Apache-2.0
package devices.pcie.raid;

import static devices.pcie.raid.RaidMachine.MILLI;
import static devices.pcie.raid.RaidMachine.SECOND;
import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.pcie.DmaBuffer;
import iommu.api.pcie.Medium;
import iommu.api.pcie.Workload;
import iommu.testkit.Request.Kind;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The driver under both kernels. */
class HpsaDriverTest {

    private RaidMachine machine = RaidMachine.with();

    private HpsaDriver driver() {
        return (HpsaDriver) new SmartArray().driver(machine.port);
    }

    // ---- the first kernel -----------------------------------------------------------------------

    @ParameterizedTest(name = "{0} pages")
    @CsvSource({"1, 42", "2, 84", "7, 294", "8, 336"})
    void asManyCommandsAreOutstandingAsPagesHold(int pages, int commands) {
        driver().start(RaidMachine.workload(pages, 1000), 1);
        assertThat(machine.port.posted()).hasSize(commands);
        machine.clock.advance(30 * SECOND);
        assertThat(machine.committed).hasSize(commands);
        assertThat(machine.clock.pending()).isZero();
    }

    @Test
    void requestsAreNumberedInTheOrderInWhichTheyArePosted() {
        driver().start(RaidMachine.workload(4, 500), 3);
        machine.clock.advance(30 * SECOND);
        List<Long> stored = new ArrayList<>();
        machine.committed.forEach(c -> {
            assertThat(c.medium()).isEqualTo(Medium.BLOCKS);
            stored.add(c.position() / 8);
        });
        assertThat(machine.port.posted()).isEqualTo(stored).hasSizeBetween(40, 128);
    }

    @Test
    void whatHasEndedMakesRoomForMore() {
        HpsaDriver driver = driver();
        driver.start(RaidMachine.workload(1, 500), 1);
        for (int i = 0; i < 300; i++) {
            machine.clock.advance(10 * MILLI);
            assertThat(driver.service()).isEqualTo(2 * MILLI);
        }
        assertThat(machine.port.mapped()).as("24 pages of command lists, and a buffer a command"
                + " that was posted since").hasSizeBetween(24 + 148, 24 + 150);
        assertThat(machine.port.pagesInUse()).isEqualTo(machine.port.mapped().size());
        machine.clock.advance(SECOND);
        assertThat(machine.function.pinAsserted()).isTrue();
        driver.service();
        assertThat(machine.function.pinAsserted()).isFalse();
    }

    @Test
    void theQueueGrowsToAllThatTheControllerTakes() {
        HpsaDriver driver = driver();
        driver.start(RaidMachine.workload(2, 1000), 1);
        driver.service();
        assertThat(machine.port.posted()).hasSize(1020);
        assertThat(machine.port.mapped()).hasSize(23);
        driver.service();
        assertThat(machine.port.mapped()).hasSize(23);
        machine.clock.advance(20 * SECOND);
        assertThat(machine.committed).as("some 20 s after the last post")
                .hasSizeBetween(990, 1000);
        machine.clock.advance(SECOND);
        assertThat(machine.committed).hasSize(1020);
    }

    @Test
    void buffersAreUsedAsTheyAreMapped() {
        var workload = new Workload(1000, false, 500, 600, RaidMachine.pages(0x10000, 4),
                RaidMachine.pages(0x20000, 4), RaidMachine.pages(0x30000, 4),
                RaidMachine.pages(0x40000, 4), null);
        driver().start(workload, 1);
        machine.clock.advance(30 * SECOND);
        assertThat(machine.touching(0x20000, 0x4000)).isNotEmpty()
                .allMatch(r -> r.kind() == Kind.READ);
        assertThat(machine.touching(0x40000, 0x4000)).isNotEmpty()
                .allMatch(r -> r.kind() == Kind.WRITE);
        assertThat(new HashSet<>(machine.touching(0x30000, 0x4000).stream().map(r -> r.kind())
                .toList())).containsExactlyInAnyOrder(Kind.READ, Kind.WRITE);
    }

    @Test
    void whereNothingMayBeReadItWritesAlone() {
        var workload = new Workload(1000, false, 1000, 600, RaidMachine.pages(0x10000, 1),
                List.of(), List.of(), RaidMachine.pages(0x40000, 4), null);
        driver().start(workload, 1);
        machine.clock.advance(SECOND);
        assertThat(machine.touching(0x40000, 0x4000)).isNotEmpty()
                .allMatch(r -> r.kind() == Kind.WRITE);
    }

    @Test
    void withoutBuffersNothingIsPosted() {
        var workload = new Workload(1000, false, 1000, 600, RaidMachine.pages(0x10000, 1),
                List.of(), List.of(), List.of(), null);
        driver().start(workload, 1);
        machine.clock.advance(SECOND);
        assertThat(machine.root.requests()).isEmpty();
    }

    @Test
    void anIdleDriverWantsNoService() {
        assertThat(driver().service()).isZero();
    }

    @Test
    void commandListsAboveFourGibibytesTakeAChangeOfTheTransport() {
        HpsaDriver driver = driver();
        var high = new DmaBuffer(0x3_0001_0000L, 0x10000, 4096);
        var low = new DmaBuffer(0x11000, 0x11000, 4096);
        driver.start(new Workload(1000, false, 1000, 600, List.of(high, low), List.of(),
                RaidMachine.pages(0x20000, 1), List.of(), null), 1);
        assertThat(machine.port.posted()).isEmpty();
        assertThat(driver.service()).isEqualTo(MILLI);
        machine.clock.advance(2 * MILLI);
        driver.service();
        assertThat(machine.port.posted()).hasSize(42);
        machine.clock.advance(MILLI);
        assertThat(machine.root.requests().get(0).address()).isEqualTo(0x3_0001_0000L);
    }

    // ---- the capture kernel ---------------------------------------------------------------------

    @Test
    void probeResetsWhatIsStillRunning() {
        driver().start(RaidMachine.workload(8, 500), 1);
        machine.clock.advance(SECOND);
        long before = machine.clock.nanos();
        HpsaDriver capture = driver();
        assertThat(capture.probe()).isNull();
        assertThat(machine.context.resets()).isEqualTo(1);
        assertThat(machine.clock.nanos() - before).as("the pauses that the makers ask for")
                .isBetween(13 * SECOND, 24 * SECOND);
        machine.root.clear();
        machine.clock.advance(30 * SECOND);
        assertThat(machine.root.requests()).isEmpty();
    }

    @Test
    void beforeTheResetHeldCommandsGoOnOnceTheFunctionIsBusMaster() {
        driver().start(RaidMachine.workload(8, 1000), 1);
        machine.clock.advance(SECOND);
        machine.busMaster(false);
        machine.clock.advance(4 * SECOND);
        int stored = machine.committed.size();
        machine.busMaster(true);
        machine.clock.advance(SECOND);
        assertThat(machine.committed).hasSizeGreaterThan(stored);
    }

    @ParameterizedTest
    @CsvSource({"0, false", "200000, true"})
    void fromBusMasteringToTheDoorbellItGoesOn(long window, boolean sends) {
        driver().start(RaidMachine.workload(8, 1000), 1);
        machine.clock.advance(SECOND);
        machine.busMaster(false);
        machine.clock.advance(SECOND);
        machine.root.clear();
        machine.port.ask("masterToResetNanos", window);
        assertThat(driver().probe()).isNull();
        assertThat(machine.touching(0x10000, 0x20000).isEmpty()).isNotEqualTo(sends);
    }

    @ParameterizedTest
    @CsvSource({"3, 16, false", "3, 17, true"})
    void theFunctionIsSwitchedOffForAMomentBeforeItsReset(int major, int minor, boolean pauses) {
        machine.port.version(major, minor);
        driver().start(RaidMachine.workload(8, 1000), 1);
        machine.clock.advance(SECOND);
        machine.root.clear();
        var resets = new int[1];
        var requests = new int[1];
        machine.clock.schedule(250 * MILLI, () -> {
            resets[0] = machine.context.resets();
            requests[0] = machine.root.requests().size();
        });
        assertThat(driver().probe()).isNull();
        assertThat(resets[0]).as("250 ms into the probe").isEqualTo(pauses ? 0 : 1);
        if (pauses) {
            assertThat(requests[0]).isZero();
        }
    }

    @Test
    void shutdownTellsOfNoMoreReplies() {
        HpsaDriver driver = driver();
        assertThat(driver.probe()).isNull();
        assertThat(machine.read(0x34)).isZero();
        assertThat(driver.shutdown()).isNull();
        assertThat(machine.read(0x34)).isNotZero();
    }

    @Test
    void writeReachesTheDisk() {
        HpsaDriver driver = driver();
        assertThat(driver.probe()).isNull();
        machine.fill(0x9000, 4096);
        for (int i = 0; i < 5; i++) {
            assertThat(driver.write(0x9000, 4096, 1000 + i)).isNull();
            assertThat(machine.committed.get(i).position()).isEqualTo(1000 + i);
            assertThat(machine.committed.get(i).bytes()).isEqualTo(machine.bytes(0x9000, 4096));
        }
        assertThat(machine.port.mapped()).as("the command pool").hasSize(1);
    }

    @Test
    void aFunctionWithoutInterruptsIsPolled() {
        machine = new RaidMachine(Map.of(), 0);
        HpsaDriver driver = driver();
        assertThat(driver.probe()).isNull();
        assertThat(driver.write(0x9000, 512, 3)).isNull();
        machine.root.answer(iommu.api.pcie.CompletionStatus.UNSUPPORTED_REQUEST);
        assertThat(driver.write(0x9000, 512, 3)).startsWith("Controller lockup detected");
    }

    @Test
    void interruptsThatDoNotArriveAreToldFromCommandsThatDoNotEnd() {
        machine.function.writeConfig(0x3d, 1, 1);
        HpsaDriver driver = driver();
        assertThat(driver.probe()).isNull();
        machine.write(0x34, 8);
        assertThat(driver.write(0x9000, 512, 3))
                .isEqualTo("I/O timeout, done but no interrupt came");
        machine = RaidMachine.with("mediumNanos", 40 * SECOND);
        assertThat(driver().probe()).isEqualTo("I/O timeout");
    }

    @Test
    void whereResetsAreIgnoredProbeFails() {
        machine = RaidMachine.with("ignoresReset", 1);
        long before = machine.clock.nanos();
        assertThat(driver().probe()).isEqualTo("Soft reset had no effect.");
        assertThat(machine.clock.nanos() - before).isBetween(113 * SECOND, 114 * SECOND);
    }

    @Test
    void aResetThatTakesTooLongFails() {
        machine = RaidMachine.with("resetNanos", 200 * SECOND);
        assertThat(driver().probe())
                .isEqualTo("failed waiting for board to become ready after hard reset");
        machine = RaidMachine.with("resetNanos", 100 * SECOND);
        assertThat(driver().probe()).isNull();
    }

    @Test
    void oneThatIsGoneHasNoTable() {
        machine.function.device(null);
        assertThat(driver().probe()).isEqualTo("not a valid CISS config table");
    }

    @Test
    void whatLiesBeyondTheVolumeCannotBeWritten() {
        HpsaDriver driver = driver();
        assertThat(driver.probe()).isNull();
        assertThat(driver.write(0x9000, 4096, 1L << 31)).isEqualTo("I/O error, sense key 0x5");
    }
}
