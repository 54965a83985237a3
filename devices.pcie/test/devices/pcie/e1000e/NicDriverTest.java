// SPDX-License-Identifier: Apache-2.0
package devices.pcie.e1000e;

import static devices.pcie.e1000e.NicMachine.BUFFERS;
import static devices.pcie.e1000e.NicMachine.CONVENTIONAL;
import static devices.pcie.e1000e.NicMachine.EXPRESS;
import static devices.pcie.e1000e.NicMachine.MILLI;
import static iommu.testkit.Request.Kind.WRITE;
import static org.assertj.core.api.Assertions.assertThat;

import devices.pcie.link.DeviceOptions;
import iommu.api.pcie.CompletionStatus;
import iommu.api.pcie.DeviceContext;
import iommu.api.pcie.Workload;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The driver under both kernels. */
class NicDriverTest {

    private static final Map<String, Long> FRAMES = Map.of("frameNanos", 2 * MILLI);

    private NicMachine machine;

    private void serve(NicDriver driver, int calls) {
        for (int i = 0; i < calls; i++) {
            machine.run(driver.service());
        }
    }

    @ParameterizedTest
    @CsvSource({"0x10d3, 2, 240", "0x10d3, 1, 112", "0x100e, 2, 254", "0x100e, 1, 126"})
    void leftAloneTheRingTakesWhatLinuxHasHandedOver(String id, int rings, int frames) {
        machine = new NicMachine(Integer.decode(id), FRAMES);
        machine.driver().start(NicMachine.workload(rings), 1);
        machine.run(2000 * MILLI);

        assertThat(machine.read(NicLayout.RDH)).isEqualTo(frames);
        assertThat(machine.queue.pending()).isZero();
    }

    @ParameterizedTest
    @ValueSource(ints = {EXPRESS, CONVENTIONAL})
    void afterACrashItGoesOnForAsManyFramesAsRecorded(int id) {
        for (int calls = 200; calls < 232; calls += 3) {
            machine = new NicMachine(id, FRAMES);
            NicDriver driver = machine.driver();
            driver.start(NicMachine.workload(2), 1);
            serve(driver, calls);
            machine.root.clear();
            machine.read(Statistics.GPRC);
            machine.run(3000 * MILLI);

            long written = machine.requests(WRITE, BUFFERS, BUFFERS + 0x40000)
                    + machine.requests(WRITE, 0x101000, NicMachine.MEMORY_BYTES);
            long frames = written / 3;
            assertThat(frames).isBetween(id == EXPRESS ? 238L : 253L, 254L);
            assertThat(machine.root.requests().size())
                    .as("requests of %d frames", frames).isBetween(970, 1052);
        }
    }

    /** Two pages for a receive ring behind PCI Express; frames arrive in buffers of this kernel. */
    @ParameterizedTest
    @ValueSource(ints = {EXPRESS, CONVENTIONAL})
    void aCaptureKernelOpensTheInterfaceIfItIsTold(int id) {
        machine = new NicMachine(id, FRAMES);
        machine.port.ask(DeviceContext.OPENS_INTERFACE, 1);
        machine.driver().start(NicMachine.workload(2), 1);
        machine.run(20 * MILLI);

        NicDriver capture = machine.driver();
        assertThat(capture.probe()).isNull();
        long ring = machine.read(NicLayout.RDBAL);
        assertThat(ring).isNotEqualTo(NicMachine.RX_RING);
        assertThat(machine.read(NicLayout.TDBAL)).isNotEqualTo(NicMachine.TX_RING)
                .isNotEqualTo(ring);
        machine.root.clear();
        machine.run(10 * MILLI);
        assertThat(machine.read(NicLayout.RDH)).isBetween(4L, 6L);
        assertThat(machine.requests(WRITE, BUFFERS, BUFFERS + 0x40000))
                .as("into the first kernel's buffers").isZero();
    }

    @ParameterizedTest
    @CsvSource({"0x10d3, 1", "0x10d3, 2", "0x10d3, 8", "0x100e, 1", "0x100e, 2"})
    void framesAreTakenOutAndOthersSent(String id, int rings) {
        machine = new NicMachine(Integer.decode(id), FRAMES);
        NicDriver driver = machine.driver();
        driver.start(NicMachine.workload(rings), 1);
        serve(driver, 1000);

        assertThat(machine.read(Statistics.GPRC)).isBetween(998L, 1000L);
        assertThat(machine.read(Statistics.MPC)).isZero();
        assertThat(machine.context.committed()).hasSizeBetween(500, 502);
        assertThat(machine.port.posted()).hasSizeBetween(502, 504);
        assertThat(machine.context.committed()).extracting(c -> c.position())
                .isEqualTo(machine.port.posted().subList(0, machine.context.committed().size()));
        assertThat(machine.port.mapped().size()).isLessThanOrEqualTo(260);
        assertThat(machine.port.pagesInUse()).isLessThanOrEqualTo(132);
    }

    @Test
    void anIdleWorkloadPostsNothing() {
        machine = new NicMachine(EXPRESS);
        NicDriver driver = machine.driver();
        var idle = NicMachine.workload(2);
        driver.start(new Workload(0, false, 0, 512, idle.rings(), idle.readable(), idle.writable(),
                idle.writeOnly(), null), 1);

        assertThat(driver.service()).isZero();
        assertThat(machine.port.posted()).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(ints = {EXPRESS, CONVENTIONAL})
    void probeTakesOverAControllerThatStillReceivesAndLeavesItOff(int id) {
        machine = new NicMachine(id, FRAMES);
        machine.driver().start(NicMachine.workload(2), 1);
        machine.run(50 * MILLI);

        assertThat(machine.driver().probe()).isNull();
        assertThat(machine.context.resets()).isEqualTo(2);
        machine.root.clear();
        machine.run(1000 * MILLI);
        assertThat(machine.root.requests()).isEmpty();
        assertThat(machine.read(NicLayout.RCTL) & 2).isZero();
        assertThat(machine.read(NicLayout.STATUS) & 2).as("link").isEqualTo(2);
        assertThat(machine.port.mapped()).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(ints = {EXPRESS, CONVENTIONAL})
    void beforeARestartTheFunctionIsNoBusMasterAnyMore(int id) {
        machine = new NicMachine(id, FRAMES);
        var driver = machine.driver();
        assertThat(driver.shutdown()).as("not probed").isNull();
        assertThat(machine.function.busMaster()).isTrue();
        assertThat(driver.probe()).isNull();
        assertThat(driver.shutdown()).isNull();
        assertThat(machine.function.busMaster()).isFalse();
    }

    @Test
    void fromBusMasteringToResetItReceivesAsLongAsAsked() {
        for (long wait : new long[] {0, 40 * MILLI}) {
            machine = new NicMachine(EXPRESS, FRAMES);
            machine.driver().start(NicMachine.workload(2), 1);
            machine.run(10 * MILLI);
            machine.function.writeConfig(4, 2, 0);
            machine.run(100 * MILLI);
            machine.root.clear();
            machine.port.ask(DeviceOptions.MASTER_TO_RESET_NANOS, wait);
            assertThat(machine.driver().probe()).isNull();

            long data = machine.requests(WRITE, BUFFERS, BUFFERS + 0x40000);
            assertThat(data).isBetween(wait == 0 ? 0L : 40L, wait == 0 ? 0L : 300L);
        }
    }

    @ParameterizedTest
    @CsvSource({"0x10d3, The NVM Checksum Is Not Valid",
        "0x100e, The EEPROM Checksum Is Not Valid"})
    void aControllerThatIgnoresItsResetIsOfNoUse(String id, String reason) {
        machine = new NicMachine(Integer.decode(id), Map.of(DeviceOptions.IGNORES_RESET, 1L));

        assertThat(machine.driver().probe()).isEqualTo(reason);
    }

    @Test
    void aControllerThatIsSlowToResetIsFoundAllTheSame() {
        machine = new NicMachine(EXPRESS, Map.of(DeviceOptions.RESET_NANOS, 30 * MILLI));
        assertThat(machine.driver().probe()).isNull();
        machine = new NicMachine(EXPRESS, Map.of(DeviceOptions.RESET_NANOS, 10_000 * MILLI));
        assertThat(machine.driver().probe()).isEqualTo("The NVM Checksum Is Not Valid");
    }

    @Test
    void aWedgedControllerIsOfNoUse() {
        machine = new NicMachine(EXPRESS,
                Map.of("frameNanos", MILLI, DeviceOptions.WEDGES_ON_ABORT, 1L));
        machine.root.answer(CompletionStatus.UNSUPPORTED_REQUEST);
        machine.driver().start(NicMachine.workload(2), 1);
        machine.run(10 * MILLI);

        assertThat(machine.driver().probe()).isEqualTo("probe failed with error -2");
    }

    @Test
    void nobodyAnswersForOneThatIsGone() {
        machine = new NicMachine(EXPRESS);
        machine.function.device(null);

        assertThat(machine.driver().probe()).isEqualTo("probe failed with error -2");
    }

    @Test
    void anAddressOfAGroupIsNoAddress() {
        machine = new NicMachine(CONVENTIONAL, Map.of(Nvm.MAC, 0x0100_5e00_0001L));

        assertThat(machine.driver().probe()).isEqualTo("Invalid MAC Address");
    }

    @Test
    void nothingIsDumpedToAWire() {
        assertThat(new NicMachine(EXPRESS).driver().write(0x1000, 512, 0))
                .isEqualTo("has no medium");
    }
}
