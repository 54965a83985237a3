// SPDX-License-Identifier: Apache-2.0
package devices.pcie.e1000e;

import static devices.pcie.e1000e.NicMachine.BUFFERS;
import static devices.pcie.e1000e.NicMachine.CONVENTIONAL;
import static devices.pcie.e1000e.NicMachine.EXPRESS;
import static devices.pcie.e1000e.NicMachine.MILLI;
import static devices.pcie.e1000e.NicMachine.RX_RING;
import static iommu.testkit.Request.Kind.READ;
import static iommu.testkit.Request.Kind.WRITE;
import static org.assertj.core.api.Assertions.assertThat;

import devices.pcie.link.DeviceOptions;
import iommu.api.memory.AddressRange;
import iommu.api.pcie.CompletionStatus;
import iommu.testkit.FakeDeviceContext;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What becomes of frames that arrive. */
class ReceiveTest {

    private static final long RING_END = RX_RING + 0x1000;
    private static final long BUFFERS_END = BUFFERS + 0x80000;

    private NicMachine machine;

    private static Map<String, Long> options(Object... pairs) {
        Map<String, Long> options = new HashMap<>(Map.of("frameNanos", MILLI));
        for (int i = 0; i < pairs.length; i += 2) {
            options.put((String) pairs[i], ((Number) pairs[i + 1]).longValue());
        }
        return options;
    }

    /** Returns the first bytes of a frame behind its header. */
    private static byte[] onWire(int number) {
        return Arrays.copyOfRange(FakeDeviceContext.onMedium(number, 22), 14, 22);
    }

    private long status(int index) {
        return machine.memory.read64(RX_RING + 16L * index + 8);
    }

    @ParameterizedTest
    @ValueSource(ints = {EXPRESS, CONVENTIONAL})
    void framesGoIntoBuffersInOrder(int id) {
        machine = new NicMachine(id, options());
        machine.receive(8, 0);
        machine.run(3 * MILLI + MILLI / 2);

        assertThat(machine.read(NicLayout.RDH)).isEqualTo(3);
        for (int i = 0; i < 3; i++) {
            assertThat(status(i) & 0xffff).as("length").isEqualTo(342);
            assertThat(status(i) >>> 32 & 3).as("DD, EOP").isEqualTo(3);
            byte[] frame = machine.bytes(BUFFERS + 2048L * i, 342);
            byte[] wire = FakeDeviceContext.onMedium(i, 342);
            assertThat(frame).startsWith(-1, -1, -1, -1, -1, -1, 2, 0, 0, 0, 0, 1, 0x88, 0xb5);
            assertThat(Arrays.copyOfRange(frame, 14, 342))
                    .isEqualTo(Arrays.copyOfRange(wire, 14, 342));
        }
        assertThat(status(3)).isZero();
        assertThat(machine.read(NicLayout.ICR) & 0x80).as("RXT0").isEqualTo(0x80);
    }

    @Test
    void aRingThatNobodyRefillsTakesAllButOneAndThenIsSilent() {
        machine = new NicMachine(EXPRESS, options());
        machine.receive(256, 0);
        machine.run(2000 * MILLI);

        assertThat(machine.read(NicLayout.RDH)).isEqualTo(255);
        assertThat(machine.requests(WRITE, BUFFERS, BUFFERS_END)).as("data").isEqualTo(255 * 3);
        assertThat(machine.requests(WRITE, RX_RING, RING_END)).as("write-backs").isEqualTo(255);
        assertThat(machine.requests(READ, RX_RING, RING_END)).as("fetches").isEqualTo(32);
        assertThat(machine.queue.pending()).as("nothing more is scheduled").isZero();
        assertThat(machine.read(Statistics.MPC)).isPositive();
        assertThat(machine.read(NicLayout.ICR) & 0x40).as("RXO").isEqualTo(0x40);
    }

    @Test
    void whatWaitsOnChipIsDeliveredWhenTheDriverRefills() {
        machine = new NicMachine(EXPRESS, options());
        machine.receive(8, 0);
        machine.run(12 * MILLI + MILLI / 2);
        assertThat(machine.read(NicLayout.RDH)).isEqualTo(7);
        for (int i = 0; i < 8; i++) {
            machine.memory.write64(RX_RING + 16L * i + 8, 0);
        }
        machine.write(NicLayout.RDT, 6);
        machine.run(MILLI / 4);

        assertThat(machine.read(NicLayout.RDH)).as("12 frames").isEqualTo(4);
    }

    @Test
    void asEmulatorsDoItAFrameTakesFourRequests() {
        machine = new NicMachine(EXPRESS, options(NicOptions.WHOLE_TRANSFERS, 1));
        machine.receive(256, 0);
        machine.run(2000 * MILLI);

        assertThat(machine.read(NicLayout.RDH)).isEqualTo(255);
        assertThat(machine.requests(READ, RX_RING, RING_END)).isEqualTo(255);
        assertThat(machine.requests(WRITE, RX_RING, RING_END)).isEqualTo(2 * 255);
        assertThat(machine.requests(WRITE, BUFFERS, BUFFERS_END)).isEqualTo(255);
    }

    @Test
    void addressesHeldOnChipAreUsedWhateverTheRingSaysByThen() {
        machine = new NicMachine(EXPRESS, options());
        machine.receive(256, 0);
        machine.run(MILLI / 2);
        for (int i = 0; i < 256; i++) {
            machine.memory.write64(RX_RING + 16L * i, 0xa00000);
        }
        machine.run(64 * MILLI);
        assertThat(machine.requests(WRITE, 0xa00000, 0xa00800)).as("64 are held").isZero();
        assertThat(machine.read(NicLayout.RDH)).isEqualTo(64);
        machine.run(MILLI);

        assertThat(machine.requests(WRITE, 0xa00000, 0xa00800)).isEqualTo(3);
    }

    @Test
    void thresholdsPrefetchEarlyAndWriteBackLate() {
        machine = new NicMachine(EXPRESS, options());
        machine.write(NicLayout.RXDCTL, 0x0104_0420);
        machine.write(NicLayout.RDTR, 0xffff);
        machine.receive(256, 0);
        machine.run(3 * MILLI + MILLI / 2);
        assertThat(machine.read(NicLayout.RDH)).as("3 wait for the 4th").isZero();
        machine.run(MILLI);
        assertThat(machine.read(NicLayout.RDH)).isEqualTo(4);
        assertThat(machine.requests(WRITE, RX_RING, RING_END)).as("in one").isEqualTo(1);
        machine.run(29 * MILLI);

        assertThat(machine.requests(READ, RX_RING, RING_END))
                .as("64 at first, 32 more when fewer than 32 are held").isEqualTo(8 + 4);
    }

    @Test
    void theDelayTimerWritesBackWhatWaits() {
        machine = new NicMachine(EXPRESS, options());
        machine.write(NicLayout.RXDCTL, 0x0104_0420);
        machine.write(NicLayout.RDTR, 0x20);
        machine.receive(256, 0);
        machine.run(MILLI + 20_000);
        assertThat(machine.read(NicLayout.RDH)).isZero();
        assertThat(machine.read(NicLayout.ICR) & 0x80).isZero();
        machine.run(20_000);

        assertThat(machine.read(NicLayout.RDH)).isEqualTo(1);
        assertThat(machine.read(NicLayout.ICR) & 0x80).isEqualTo(0x80);
    }

    @Test
    void extendedDescriptorsAreWrittenBackInTheirOwnFormat() {
        machine = new NicMachine(EXPRESS, options());
        machine.write(NicLayout.RFCTL, 0x8000);
        machine.receive(8, 0);
        machine.run(2 * MILLI);

        assertThat(machine.memory.read64(RX_RING)).as("no hash").isZero();
        assertThat(status(0)).isEqualTo(342L << 32 | 3);
    }

    @Test
    void theOlderChipKnowsNoExtendedDescriptors() {
        machine = new NicMachine(CONVENTIONAL, options());
        machine.function.writeRegister(0, NicLayout.RFCTL.offset(), 4, 0x8000);
        machine.receive(8, 0);
        machine.run(2 * MILLI);

        assertThat(status(0) & 0xffff).isEqualTo(342);
    }

    @Test
    void aFrameLargerThanABufferTakesSeveral() {
        machine = new NicMachine(EXPRESS, options());
        machine.receive(8, 3 << 16);
        machine.run(MILLI + MILLI / 2);

        assertThat(status(0) & 0xffff).isEqualTo(256);
        assertThat(status(0) >>> 32 & 3).as("not its end").isEqualTo(1);
        assertThat(status(1) & 0xffff).isEqualTo(342 - 256);
        assertThat(status(1) >>> 32 & 3).isEqualTo(3);
        assertThat(machine.read(NicLayout.RDH)).isEqualTo(2);
    }

    @Test
    void aDescriptorWithoutAnAddressTakesNoData() {
        machine = new NicMachine(EXPRESS, options());
        machine.receive(8, 0);
        machine.memory.write64(RX_RING, 0);
        machine.run(MILLI + MILLI / 2);

        assertThat(status(0)).isEqualTo(1L << 32);
        assertThat(status(1) & 0xffff).isEqualTo(342);
        assertThat(machine.requests(WRITE, 0, 0x1000)).isZero();
    }

    @Test
    void withoutStrippingTheCheckSequenceIsThere() {
        machine = new NicMachine(EXPRESS, options());
        machine.receive(8, 0);
        machine.write(NicLayout.RCTL, machine.read(NicLayout.RCTL) & ~(1L << 26));
        machine.run(MILLI + MILLI / 2);

        assertThat(status(0) & 0xffff).isEqualTo(346);
        var check = new java.util.zip.CRC32();
        check.update(machine.bytes(BUFFERS, 346));
        assertThat(check.getValue()).as("the residue of a good frame").isEqualTo(0x2144_df1cL);
    }

    @ParameterizedTest
    @CsvSource({"0x8000, true", "0, false", "0x10, false"})
    void broadcastsNeedTheirBit(String control, boolean taken) {
        machine = new NicMachine(EXPRESS, options());
        machine.receive(8, 0);
        machine.write(NicLayout.RCTL, 2 | Long.decode(control));
        machine.run(MILLI + MILLI / 2);

        assertThat(machine.read(NicLayout.RDH)).isEqualTo(taken ? 1 : 0);
    }

    @Test
    void anAbortedFetchEndsFetchingButNotWhatIsHeld() {
        machine = new NicMachine(EXPRESS, options());
        machine.receive(256, 0);
        machine.run(MILLI / 2);
        machine.root.refuse(AddressRange.of(RX_RING, 4096));
        machine.run(300 * MILLI);

        assertThat(machine.read(NicLayout.RDH)).isEqualTo(64);
        assertThat(machine.requests(READ, RX_RING, RING_END)).as("no second try").isEqualTo(9);
        machine.root.refuse(null);
        machine.write(NicLayout.CTRL, 1 << 26);
        machine.receive(8, 0);
        machine.run(10 * MILLI);
        assertThat(machine.read(NicLayout.RDH)).as("after a reset").isEqualTo(7);
    }

    @Test
    void abortedReadsMayCountAsZeros() {
        machine = new NicMachine(EXPRESS,
                options(NicOptions.ABORTED_READS, 1, NicOptions.WHOLE_TRANSFERS, 1));
        machine.root.answer(CompletionStatus.UNSUPPORTED_REQUEST);
        machine.receive(16, 0);
        machine.run(20 * MILLI);

        assertThat(machine.read(NicLayout.RDH)).as("null descriptors, one after the other")
                .isEqualTo(15);
    }

    @Test
    void aWedgedChipAnswersWithWhatItHeldUntilItIsReset() {
        machine = new NicMachine(EXPRESS, options(DeviceOptions.WEDGES_ON_ABORT, 1));
        machine.root.answer(CompletionStatus.COMPLETER_ABORT);
        machine.receive(8, 0);
        machine.run(20 * MILLI);
        machine.root.answer(CompletionStatus.SUCCESS);
        machine.write(NicLayout.CTRL, 1 << 26);
        machine.write(NicLayout.RDLEN, 0);
        machine.run(20 * MILLI);

        assertThat(machine.read(NicLayout.RDLEN)).isEqualTo(128);
        assertThat(machine.root.requests()).hasSize(1);
        machine.device.reset();
        machine.receive(8, 0);
        machine.run(20 * MILLI);
        assertThat(machine.read(NicLayout.RDH)).isEqualTo(7);
    }

    @Test
    void withoutBusMasteringItWaitsAndGoesOn() {
        machine = new NicMachine(EXPRESS, options());
        machine.receive(8, 0);
        machine.run(2 * MILLI + MILLI / 2);
        machine.function.writeConfig(4, 2, 2);
        machine.root.clear();
        machine.run(50 * MILLI);
        assertThat(machine.root.requests()).isEmpty();
        machine.function.writeConfig(4, 2, 6);
        machine.run(20 * MILLI);

        assertThat(machine.read(NicLayout.RDH)).isEqualTo(7);
        assertThat(machine.bytes(BUFFERS + 2 * 2048 + 14, 8))
                .startsWith(onWire(2));
    }

    @Test
    void receivingCanBeStoppedAndBegunAgain() {
        machine = new NicMachine(EXPRESS, options());
        machine.receive(16, 0);
        machine.run(3 * MILLI + MILLI / 2);
        machine.write(NicLayout.RCTL, 0);
        machine.run(10 * MILLI);
        assertThat(machine.read(NicLayout.RDH)).isEqualTo(3);
        machine.write(NicLayout.RDH, 0);
        machine.receive(8, 0);
        machine.run(2 * MILLI);

        assertThat(machine.read(NicLayout.RDH)).isEqualTo(2);
        assertThat(machine.bytes(BUFFERS + 14, 8)).as("the wire has gone on")
                .startsWith(onWire(13));
    }

    @Test
    void aLowMarkIsTold() {
        machine = new NicMachine(EXPRESS, options());
        machine.receive(16, 0);
        machine.run(6 * MILLI + MILLI / 2);
        assertThat(machine.read(NicLayout.ICR) & 0x10).isZero();
        machine.run(MILLI);

        assertThat(machine.read(NicLayout.ICR) & 0x10).as("8 of 16 left").isEqualTo(0x10);
    }
}
