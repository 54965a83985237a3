// SPDX-License-Identifier: Apache-2.0
package devices.pcie.uhci;

import static devices.pcie.uhci.UhciMachine.CMD;
import static devices.pcie.uhci.UhciMachine.DATA;
import static devices.pcie.uhci.UhciMachine.FRAMES;
import static devices.pcie.uhci.UhciMachine.FRNUM;
import static devices.pcie.uhci.UhciMachine.IN;
import static devices.pcie.uhci.UhciMachine.LEGSUP;
import static devices.pcie.uhci.UhciMachine.OUT;
import static devices.pcie.uhci.UhciMachine.QUEUE;
import static devices.pcie.uhci.UhciMachine.SETUP;
import static devices.pcie.uhci.UhciMachine.STS;
import static devices.pcie.uhci.UhciMachine.TRANSFERS;
import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.memory.AddressRange;
import iommu.testkit.Request;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A frame, from its entry in the list on. */
class FrameScheduleTest {

    private static final int ACTIVE = 1 << 23;
    private static final int STALLED = 1 << 22;
    private static final int NAK = 1 << 19;
    private static final int TIMED_OUT = 1 << 18;
    private static final int IOC = 1 << 24;
    private static final int SPD = 1 << 29;
    private static final long DESCRIPTOR = 0x0012_0000_0100_0680L;

    private UhciMachine m = new UhciMachine(Map.of());

    private List<Request> during(int frames) {
        m.root.clear();
        m.frames(frames);
        return List.copyOf(m.root.requests());
    }

    @Test
    void anEntryIsReadEveryMillisecondForEver() {
        m.start(1);
        List<Request> requests = during(2000);
        assertThat(requests).hasSize(2000).allMatch(r -> r.kind() == Request.Kind.READ);
        for (int i = 0; i < 2000; i++) {
            assertThat(requests.get(i).address()).isEqualTo(FRAMES + i % 1024 * 4);
        }
        assertThat(m.read(FRNUM)).isEqualTo(2000);
        m.frames(100);
        assertThat(m.read(FRNUM)).as("11 bits").isEqualTo(52);
        m.write(CMD, 0);
        assertThat(during(2000)).isEmpty();
        assertThat(m.read(STS)).isEqualTo(0x20);
    }

    @Test
    void aQueueWithoutTransfersIsReadAndLeft() {
        m.queue(QUEUE, QUEUE + 0x10 | 2, 1);
        m.queue(QUEUE + 0x10, 1, 1);
        m.start(QUEUE | 2);
        assertThat(during(3)).extracting(Request::address).containsExactly(FRAMES, QUEUE,
                QUEUE + 0x10, FRAMES + 4, QUEUE, QUEUE + 0x10, FRAMES + 8, QUEUE, QUEUE + 0x10);
    }

    /** A ring in which nothing moves, and one that never comes back to its beginning. */
    @ParameterizedTest
    @CsvSource({"0x11000, 3", "0x11010, 257"})
    void aRingOfQueuesDoesNotLastForEver(String back, int most) {
        m.queue(QUEUE, QUEUE + 0x10 | 2, 1);
        m.queue(QUEUE + 0x10, Long.decode(back) | 2, 1);
        m.start(QUEUE | 2);
        assertThat(during(1)).hasSizeLessThanOrEqualTo(most);
        assertThat(m.read(STS)).isZero();
    }

    @Test
    void aPendingReportIsAskedForAndLeftActive() {
        m.queue(QUEUE, 1, m.transfer(0, 1, IN, 1, 3, 8, IOC));
        m.start(QUEUE | 2);
        assertThat(during(1)).filteredOn(r -> r.kind() == Request.Kind.WRITE).hasSize(1);
        assertThat(m.status(TRANSFERS) & (ACTIVE | NAK)).isEqualTo(ACTIVE | NAK);
        assertThat(during(100)).as("reads for ever, no more writes").hasSize(300)
                .allMatch(r -> r.kind() == Request.Kind.READ);
        assertThat(m.function.pinAsserted()).isFalse();
    }

    @Test
    void aPressedKeyIsWrittenAndTold() {
        m = new UhciMachine(Map.of("reportNanos", 10 * UhciMachine.MILLI));
        m.queue(QUEUE, 1, m.transfer(0, 1, IN, 1, 3, 8, IOC));
        m.start(QUEUE | 2);
        m.frames(10);
        assertThat(m.memory.read64(DATA)).isZero();
        m.frames(2);
        assertThat(m.memory.read64(DATA)).isEqualTo(0x04_0000);
        assertThat(m.status(TRANSFERS) & (ACTIVE | NAK | 0x7ff)).isEqualTo(7);
        assertThat(m.memory.read32(QUEUE + 4)).as("element: the next").isEqualTo(1);
        assertThat(m.read(STS)).isEqualTo(1);
        assertThat(m.function.pinAsserted()).isTrue();
        m.write(STS, 1);
        assertThat(m.function.pinAsserted()).isFalse();
    }

    @Test
    void aControlTransferGoesStageByStage() {
        m.memory.write64(DATA, DESCRIPTOR);
        m.transfer(0, TRANSFERS + 0x20 | 4, SETUP, 1, 0, 8, 0);
        m.transfer(1, TRANSFERS + 0x40 | 4, IN, 1, 0, 8, 0);
        m.transfer(2, TRANSFERS + 0x60 | 4, IN, 1, 0, 8, SPD);
        m.transfer(3, TRANSFERS + 0x80 | 4, IN, 1, 0, 8, 0);
        m.transfer(4, 1, OUT, 1, 0, 0, IOC);
        m.queue(QUEUE, 1, TRANSFERS);
        m.start(QUEUE | 2);
        m.frames(1);
        for (int i = 0; i < 5; i++) {
            assertThat(m.status(TRANSFERS + 0x20 * i) & ACTIVE).as("transfer %d", i).isZero();
        }
        assertThat(m.memory.read64(DATA + 0x100)).isEqualTo(0x0800_0000_0110_0112L);
        assertThat(m.status(TRANSFERS + 0x60) & 0x7ff).as("2 bytes").isEqualTo(1);
        assertThat(m.status(TRANSFERS + 0x80) & 0x7ff).as("none").isEqualTo(0x7ff);
        assertThat(m.read(STS)).isEqualTo(1);
    }

    @Test
    void breadthFirstDoesOneTransferAFrame() {
        m.memory.write64(DATA, DESCRIPTOR);
        m.transfer(0, TRANSFERS + 0x20, SETUP, 1, 0, 8, 0);
        m.transfer(1, 1, IN, 1, 0, 8, 0);
        m.queue(QUEUE, 1, TRANSFERS);
        m.start(QUEUE | 2);
        m.frames(1);
        assertThat(m.status(TRANSFERS) & ACTIVE).isZero();
        assertThat(m.status(TRANSFERS + 0x20) & ACTIVE).isNotZero();
        m.frames(1);
        assertThat(m.status(TRANSFERS + 0x20) & ACTIVE).isZero();
    }

    @Test
    void aShortPacketStopsItsQueue() {
        m.memory.write64(DATA, DESCRIPTOR);
        m.transfer(0, TRANSFERS + 0x20 | 4, SETUP, 1, 0, 8, 0);
        m.transfer(1, TRANSFERS + 0x40 | 4, IN, 1, 0, 64, SPD);
        m.transfer(2, 1, OUT, 1, 0, 0, 0);
        m.queue(QUEUE, 1, TRANSFERS);
        m.start(QUEUE | 2);
        m.frames(3);
        assertThat(m.status(TRANSFERS + 0x20) & 0x7ff).isEqualTo(17);
        assertThat(m.memory.read32(QUEUE + 4)).isEqualTo(TRANSFERS + 0x24);
        assertThat(m.status(TRANSFERS + 0x40) & ACTIVE).isNotZero();
        assertThat(m.read(STS)).isEqualTo(1);
        assertThat(m.function.pinAsserted()).as("short packets are told of").isTrue();
    }

    @ParameterizedTest
    @CsvSource({"0xd2, 0, 1", "0x69, 2, 1", "0xe1, 3, 1"})
    void whatADeviceRefusesStalls(String pid, int endpoint, int address) {
        int kind = Integer.decode(pid);
        m.queue(QUEUE, 1, m.transfer(0, 1, kind == 0xd2 ? SETUP : kind, address, endpoint, 8, IOC));
        m.start(QUEUE | 2);
        m.frames(1);
        assertThat(m.status(TRANSFERS) & (ACTIVE | STALLED)).isEqualTo(STALLED);
        assertThat(m.read(STS)).isEqualTo(3);
    }

    /** Three attempts, one a frame. */
    @Test
    void whereNobodyAnswersErrorsCountDown() {
        m.queue(QUEUE, 1, m.transfer(0, 1, IN, 9, 0, 8, 0));
        m.start(QUEUE | 2);
        m.frames(2);
        assertThat(m.status(TRANSFERS) & (ACTIVE | TIMED_OUT | 3 << 27))
                .isEqualTo(ACTIVE | TIMED_OUT | 1 << 27);
        m.frames(1);
        assertThat(m.status(TRANSFERS) & (ACTIVE | STALLED | TIMED_OUT | 3 << 27))
                .isEqualTo(STALLED | TIMED_OUT);
        assertThat(m.read(STS)).isEqualTo(2);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 0x1e, 0x96, 0xff})
    void whatIsNoPacketHaltsIt(int pid) {
        m.queue(QUEUE, 1, m.transfer(0, 1, pid, 1, 0, 8, 0));
        m.start(QUEUE | 2);
        m.frames(1);
        assertThat(m.read(STS)).as("process error, halted").isEqualTo(0x30);
        assertThat(m.read(CMD)).isZero();
        assertThat(m.function.pinAsserted()).isTrue();
    }

    /** Of the frame list, a queue, a transfer, and data. */
    @ParameterizedTest
    @CsvSource({"0x10000, 0", "0x11000, 1", "0x12000, 2", "0x14000, 3"})
    void anAbortedReadHaltsIt(String address, int before) {
        m.queue(QUEUE, 1, m.transfer(0, 1, SETUP, 1, 0, 8, 0));
        m.start(QUEUE | 2);
        long at = Long.decode(address);
        m.root.refuse(new AddressRange(at, at + 0x1000));
        m.root.clear();
        m.frames(1);
        assertThat(m.read(STS)).as("host system error, halted").isEqualTo(0x28);
        assertThat(m.root.requests()).hasSize(before + 1);
        assertThat(during(1000)).isEmpty();
        assertThat(m.function.pinAsserted()).isTrue();
        m.write(CMD, 2);
        m.start(1);
        assertThat(during(5)).as("a reset cures it").hasSize(at == FRAMES ? 1 : 5);
    }

    @Test
    void aWedgedOneTakesNoWriteUntilItsFunctionIsReset() {
        m = new UhciMachine(Map.of("wedgesOnAbort", 1L));
        m.root.refuse(new AddressRange(FRAMES, FRAMES + 0x1000));
        m.start(1);
        m.frames(1);
        m.write(CMD, 2);
        assertThat(m.read(STS)).isEqualTo(0x28);
        m.device.reset();
        assertThat(m.read(STS)).isEqualTo(0x20);
        m.write(CMD, 0x40);
        assertThat(m.read(CMD)).isEqualTo(0x40);
    }

    @Test
    void withoutTheBusItStandsStill() {
        m.start(1);
        m.frames(3);
        m.function.writeConfig(4, 2, 1);
        assertThat(during(100)).isEmpty();
        int frame = m.read(FRNUM);
        m.function.writeConfig(4, 2, 5);
        assertThat(during(4)).hasSize(4);
        assertThat(m.read(FRNUM)).isEqualTo(frame + 4);
    }

    @Test
    void interruptsOfThePinHaveASwitchInConfigSpace() {
        m.function.writeConfig(LEGSUP, 2, 0);
        m.queue(QUEUE, 1, m.transfer(0, 1, 0, 1, 0, 8, 0));
        m.start(QUEUE | 2);
        m.frames(1);
        assertThat(m.function.pinAsserted()).isFalse();
        m.function.writeConfig(LEGSUP, 2, 0x2000);
        assertThat(m.function.pinAsserted()).isTrue();
    }

    @Test
    void onePulledOutSendsNothing() {
        m = new UhciMachine(new HashMap<>(Map.of("goneFromNanos", 5 * UhciMachine.MILLI)));
        m.start(1);
        assertThat(during(100)).hasSize(4);
        assertThat(m.device.present()).isFalse();
    }
}
