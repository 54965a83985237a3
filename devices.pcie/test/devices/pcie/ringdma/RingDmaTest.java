// SPDX-License-Identifier: Apache-2.0
package devices.pcie.ringdma;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.memory.AddressRange;
import iommu.api.pcie.CompletionStatus;
import iommu.api.pcie.Device;
import iommu.api.pcie.DeviceDriver;
import iommu.api.pcie.DmaBuffer;
import iommu.api.pcie.FunctionConfig;
import iommu.api.pcie.Medium;
import iommu.api.pcie.Workload;
import iommu.testkit.FakeDeviceContext;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The engine and its driver on a little machine without a remapping unit. */
class RingDmaTest {

    private static final int STORAGE = 0x010802;
    private static final int NETWORK = 0x020000;
    private static final int DISPLAY = 0x030000;
    private static final int USB = 0x0c0330;
    private static final long MILLI = 1_000_000;

    private LittleMachine machine;

    private static Workload workload(boolean streaming, int readsPerMille) {
        List<DmaBuffer> buffers = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            buffers.add(new DmaBuffer(0x20000 + i * 0x1000, 0x20000 + i * 0x1000, 4096));
        }
        return new Workload(1000, streaming, readsPerMille, 600,
                List.of(new DmaBuffer(0x10000, 0x10000, 4096)), List.of(), buffers, List.of(),
                null);
    }

    @ParameterizedTest
    @CsvSource({"0x010802, 0, true", "0x020000, 0, true", "0x0c0330, 0, true",
        "0x030000, 0, true", "0x0c0500, 0, false", "0x060100, 0, false", "0x00ff00, 0, false",
        "0x010802, 1, false"})
    void sitsBehindEndpointsWhoseClassDoesDma(String classCode, int header, boolean accepted) {
        byte[] config = new byte[64];
        int code = Integer.decode(classCode);
        config[9] = (byte) code;
        config[10] = (byte) (code >>> 8);
        config[11] = (byte) (code >>> 16);
        config[14] = (byte) header;

        assertThat(new RingDma().accepts(new FunctionConfig(8, config))).isEqualTo(accepted);
    }

    @ParameterizedTest
    @CsvSource({"0x010802, until what is posted is done", "0x020000, until its ring is used up",
        "0x0c0330, until it is halted", "0x030000, ", "0x0c8000, "})
    void aClassMayTellHowLongItGoesOn(String classCode, String activity) {
        assertThat(Duty.of(Integer.decode(classCode), true)).isEqualTo(Duty.ANY);
        byte[] config = new byte[64];
        config[11] = (byte) (Integer.decode(classCode) >>> 16);
        config[10] = (byte) (Integer.decode(classCode) >>> 8);
        var function = new FunctionConfig(8, config);
        RingDma model = new RingDma(false);
        assertThat(model.activity(function)).isEqualTo(activity);
        assertThat(new RingDma().activity(function)).isNull();
    }

    @Test
    void aDiskNeverStreamsAndAWireTakesItsTime() {
        machine = new LittleMachine(STORAGE);
        new RingDriver(machine.port, false, Duty.DISK).start(workload(true, 1000), 1);
        machine.queue.advance(1000 * MILLI);
        assertThat(machine.committed).as("what was posted, and no more").hasSize(96);

        machine = new LittleMachine(NETWORK);
        new RingDriver(machine.port, true, Duty.WIRE).start(workload(true, 1000), 1);
        machine.queue.advance(1000 * MILLI);
        assertThat(machine.committed.size()).isBetween(60, 63);
        machine.queue.advance(1000 * MILLI);
        assertThat(machine.committed).hasSize(96);
    }

    @Test
    void aUsbControllerGoesOnUntilTheKernelHaltsItWhichTouchesNoOther() {
        for (int classCode : new int[] {USB, DISPLAY}) {
            machine = new LittleMachine(classCode);
            Duty duty = Duty.of(classCode, false);
            new RingDriver(machine.port, false, duty).start(workload(true, 1000), 1);
            machine.queue.advance(1000 * MILLI);
            int before = machine.committed.size();
            assertThat(before).isGreaterThan(900);
            new RingDriver(machine.port, false, duty).finalFixup();
            machine.queue.advance(1000 * MILLI);
            assertThat(machine.committed.size() - before)
                    .isBetween(classCode == USB ? 0 : 900, classCode == USB ? 4 : 1100);
        }
    }

    @Test
    void whatItReadsFromMemoryReachesTheMediumUnchanged() {
        machine = new LittleMachine(STORAGE);
        machine.fill(0x20000, 8 * 4096);
        machine.driver().start(workload(false, 1000), 1);

        machine.queue.advance(200 * MILLI);

        assertThat(machine.committed).hasSize(96);
        machine.committed.forEach(c -> {
            assertThat(c.medium()).isEqualTo(Medium.BLOCKS);
            assertThat(c.bytes()).hasSize(600);
            assertThat(machine.holds(0x20000, 8 * 4096, c.bytes())).isTrue();
        });
    }

    @Test
    void whatComesFromTheWireReachesMemory() {
        machine = new LittleMachine(NETWORK);
        machine.driver().start(workload(false, 0), 1);

        machine.queue.advance(200 * MILLI);

        assertThat(machine.committed).isEmpty();
        assertThat(machine.holds(0x20000, 8 * 4096, FakeDeviceContext.onMedium(0, 600))
                || machine.holds(0x20000, 8 * 4096, FakeDeviceContext.onMedium(95, 600))).isTrue();
    }

    @Test
    void workGoesOnWithoutItsKernelUntilWhatIsPostedIsDone() {
        machine = new LittleMachine(STORAGE);
        Device engine = machine.device;
        machine.driver().start(workload(false, 1000), 1);
        assertThat(machine.port.posted()).hasSize(96);

        machine.queue.advance(50 * MILLI);
        assertThat(machine.committed).hasSize(50);
        machine.queue.advance(1000 * MILLI);

        assertThat(machine.committed).hasSize(96);
        assertThat(machine.queue.pending()).isZero();
    }

    @Test
    void aStreamGoesRoundItsRingForEver() {
        machine = new LittleMachine(NETWORK);
        machine.driver().start(workload(true, 1000), 1);

        machine.queue.advance(1000 * MILLI);

        assertThat(machine.committed).hasSize(1000);
    }

    @Test
    void theDriverReapsAndPostsAgain() {
        machine = new LittleMachine(STORAGE);
        DeviceDriver driver = machine.driver();
        driver.start(workload(false, 1000), 1);
        for (int i = 0; i < 40; i++) {
            machine.queue.advance(10 * MILLI);
            assertThat(driver.service()).isPositive();
        }

        assertThat(machine.committed).hasSize(400);
        assertThat(machine.mapped()).as("a buffer a posted request").isLessThanOrEqualTo(96);
    }

    @Test
    void resetStopsEverything() {
        machine = new LittleMachine(NETWORK);
        Device engine = machine.device;
        machine.driver().start(workload(true, 1000), 1);
        machine.queue.advance(10 * MILLI);
        int before = machine.committed.size();

        engine.reset();
        machine.queue.advance(1000 * MILLI);

        assertThat(machine.committed).hasSize(before);
        assertThat(machine.context.resets()).isEqualTo(1);
    }

    @Test
    void anAbortedFetchHaltsAStorageControllerForGood() {
        machine = new LittleMachine(STORAGE);
        Device engine = machine.device;
        machine.driver().start(workload(true, 1000), 1);
        machine.root.answer(CompletionStatus.UNSUPPORTED_REQUEST);
        machine.queue.advance(5 * MILLI);
        machine.root.answer(CompletionStatus.SUCCESS);
        machine.queue.advance(50 * MILLI);

        assertThat(machine.requests()).isEqualTo(1);
        assertThat(engine.readRegister(0, RingLayout.STATUS.offset(), 4)).isEqualTo(1);
    }

    @Test
    void anAbortedFetchIsTriedAgainByANetworkController() {
        machine = new LittleMachine(NETWORK);
        machine.driver().start(workload(true, 1000), 1);
        machine.root.answer(CompletionStatus.UNSUPPORTED_REQUEST);
        machine.queue.advance(5 * MILLI);
        assertThat(machine.requests()).isEqualTo(5);
        machine.root.answer(CompletionStatus.SUCCESS);
        machine.queue.advance(5 * MILLI);

        assertThat(machine.committed).hasSize(5);
    }

    @Test
    void anAbortedReadNeverReachesTheMedium() {
        machine = new LittleMachine(STORAGE);
        machine.driver().start(workload(false, 1000), 1);
        machine.root.refuse(AddressRange.of(0x20000, 4096));
        machine.queue.advance(200 * MILLI);

        assertThat(machine.committed).isNotEmpty().hasSizeLessThan(96);
    }

    @Test
    void noRequestCrossesAPayloadBoundary() {
        machine = new LittleMachine(STORAGE);
        machine.driver().start(workload(false, 500), 1);
        machine.queue.advance(200 * MILLI);

        assertThat(machine.root.requests()).isNotEmpty()
                .allMatch(r -> r.address() >>> 8 == r.address() + r.value() - 1 >>> 8);
    }

    @Test
    void itBelievesWhateverItFindsInItsRing() {
        machine = new LittleMachine(NETWORK);
        machine.driver().start(workload(true, 1000), 1);
        machine.memory.write64(0x10000, 0x9000);
        machine.memory.write64(0x10008, 16 | 1 << 16);
        machine.fill(0x9000, 16);
        machine.queue.advance(1 * MILLI);

        assertThat(machine.committed.get(0).bytes()).hasSize(16);
        assertThat(machine.holds(0x9000, 16, machine.committed.get(0).bytes())).isTrue();
    }

    @Test
    void probeTakesOverADeviceThatIsStillRunning() {
        machine = new LittleMachine(STORAGE);
        Device engine = machine.device;
        machine.driver().start(workload(true, 1000), 1);
        machine.queue.advance(10 * MILLI);

        DeviceDriver capture = machine.driver();
        assertThat(capture.probe()).isNull();
        assertThat(machine.context.resets()).isEqualTo(1);
        machine.fill(0x9000, 512);
        int before = machine.committed.size();
        assertThat(capture.write(0x9000, 512, 77)).isNull();

        assertThat(machine.committed).hasSize(before + 1);
        assertThat(machine.committed.get(before).position()).isEqualTo(77);
        assertThat(machine.holds(0x9000, 512, machine.committed.get(before).bytes())).isTrue();
    }

    @Test
    void probeOfADeviceThatCannotReachMemoryFails() {
        machine = new LittleMachine(STORAGE);
        machine.root.answer(CompletionStatus.UNSUPPORTED_REQUEST);

        assertThat(machine.driver().probe())
                .isEqualTo("controller halted on an aborted descriptor fetch");
    }

    /** Its rings are set up as an interface is opened, which nobody does here. */
    @Test
    void probeOfANetworkControllerResetsItAndReachesForNoMemory() {
        machine = new LittleMachine(NETWORK);
        machine.driver().start(workload(false, 1000), 1);
        machine.root.answer(CompletionStatus.UNSUPPORTED_REQUEST);

        assertThat(machine.driver().probe()).isNull();
        assertThat(machine.context.resets()).isEqualTo(1);
        machine.queue.advance(50 * MILLI);
        assertThat(machine.queue.pending()).as("it does nothing more").isZero();
    }
}
