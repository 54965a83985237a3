// SPDX-License-Identifier: Apache-2.0
package devices.pcie.e1000e;

import static devices.pcie.e1000e.NicMachine.BUFFERS;
import static devices.pcie.e1000e.NicMachine.CONVENTIONAL;
import static devices.pcie.e1000e.NicMachine.EXPRESS;
import static devices.pcie.e1000e.NicMachine.MILLI;
import static devices.pcie.e1000e.NicMachine.RX_RING;
import static iommu.testkit.Request.Kind.WRITE;
import static org.assertj.core.api.Assertions.assertThat;

import iommu.testkit.FakeDeviceContext;
import java.util.Arrays;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Frames that find the ring used up, and then the packet buffer full. */
class OverflowTest {

    private NicMachine machine;

    private void machine(int id, long frameBytes) {
        machine = new NicMachine(id, Map.of("frameNanos", MILLI, "frameBytes", frameBytes));
        machine.receive(8, 0);
    }

    private void refill() {
        for (int i = 0; i < 8; i++) {
            machine.memory.write64(RX_RING + 16L * i + 8, 0);
        }
        machine.write(NicLayout.RDT, (machine.read(NicLayout.RDH) + 7) % 8);
    }

    /** 20 KiB of an 82574L, 48 KiB of an 82540EM; frames of these bytes. */
    @ParameterizedTest
    @CsvSource({"0x10d3, 60, 320", "0x10d3, 342, 59", "0x10d3, 1514, 13", "0x100e, 342, 143",
        "0x100e, 1514, 32"})
    void whatDoesNotFitIsMissedAndCounted(String id, int bytes, int held) {
        machine(Integer.decode(id), bytes);
        machine.run((7 + held) * MILLI + MILLI / 2);
        assertThat(machine.read(Statistics.MPC)).as("all have found room").isZero();
        assertThat(machine.read(NicLayout.ICR) & 0x40).as("RXO").isZero();
        machine.run(MILLI);
        assertThat(machine.read(Statistics.MPC)).isEqualTo(1);
        assertThat(machine.read(NicLayout.ICR) & 0x40).as("RXO").isEqualTo(0x40);
        machine.run(10 * MILLI);

        assertThat(machine.read(Statistics.MPC)).as("those since").isEqualTo(10);
        assertThat(machine.read(Statistics.MPC)).as("read before").isZero();
        assertThat(machine.read(Statistics.GPRC)).as("those that found room").isEqualTo(7 + held);
    }

    @Test
    void theOldestArriveWhenThereAreDescriptorsAgain() {
        machine(EXPRESS, 1514);
        machine.run(40 * MILLI + MILLI / 2);
        refill();
        machine.run(MILLI / 4);

        assertThat(machine.read(NicLayout.RDH)).as("7 and 7 more").isEqualTo(6);
        for (int i = 7; i < 14; i++) {
            assertThat(machine.bytes(BUFFERS + 2048L * (i % 8) + 14, 100)).as("frame %d", i)
                    .isEqualTo(Arrays.copyOfRange(FakeDeviceContext.onMedium(i, 114), 14, 114));
        }
        refill();
        machine.run(MILLI / 4);
        refill();
        machine.run(MILLI);
        assertThat(machine.bytes(BUFFERS + 2048L * (20 % 8) + 14, 100))
                .as("behind the 20th there is a gap, frame 40 comes next")
                .isEqualTo(Arrays.copyOfRange(FakeDeviceContext.onMedium(40, 114), 14, 114));
        assertThat(machine.read(Statistics.MPC)).as("frames 20 to 39").isEqualTo(20);
    }

    @ParameterizedTest
    @ValueSource(ints = {EXPRESS, CONVENTIONAL})
    void nothingIsMissedByAReceiverThatIsOff(int id) {
        machine(id, 1514);
        machine.write(NicLayout.RCTL, 0);
        machine.run(100 * MILLI);

        assertThat(machine.read(Statistics.MPC)).isZero();
        assertThat(machine.read(Statistics.GPRC)).isZero();
        assertThat(machine.queue.pending()).as("nothing is scheduled").isZero();
    }

    @Test
    void switchingOffEndsTheCount() {
        machine(EXPRESS, 1514);
        machine.run(30 * MILLI + MILLI / 2);
        machine.write(NicLayout.RCTL, 0);
        machine.run(100 * MILLI);

        assertThat(machine.read(Statistics.MPC)).as("frames 20 to 29").isEqualTo(10);
        machine.write(NicLayout.CTRL, 1 << 26);
        machine.run(100 * MILLI);
        assertThat(machine.read(Statistics.MPC)).isZero();
    }

    @Test
    void anotherSplitOfThePacketBufferIsNotTakenOnTheWay() {
        machine(EXPRESS, 1514);
        machine.write(NicLayout.PBA, 8);
        machine.run(20 * MILLI + MILLI / 2);

        assertThat(machine.read(Statistics.MPC)).as("all 20 have found room").isZero();
    }

    /** The rest of a frame that receiving cut off must not lie at the begin of another ring. */
    @Test
    void whatSwitchingOffCutIsNotContinued() {
        machine = new NicMachine(EXPRESS, Map.of("frameNanos", MILLI));
        machine.write(NicLayout.RDH, 6);
        machine.receive(8, 3 << 16);
        machine.run(MILLI + MILLI / 2);
        assertThat(machine.requests(WRITE, BUFFERS, BUFFERS + 8 * 2048)).as("256 of 342")
                .isEqualTo(2);
        machine.write(NicLayout.RCTL, 0);
        machine.write(NicLayout.RDH, 0);
        machine.receive(8, 0);
        machine.run(MILLI);

        assertThat(machine.memory.read64(RX_RING + 8) & 0xffff).isEqualTo(342);
        assertThat(machine.bytes(BUFFERS, 6)).containsOnly(-1);
    }
}
