// SPDX-License-Identifier: Apache-2.0
package devices.pcie.e1000e;

import static devices.pcie.e1000e.NicMachine.BUFFERS;
import static devices.pcie.e1000e.NicMachine.CONVENTIONAL;
import static devices.pcie.e1000e.NicMachine.EXPRESS;
import static devices.pcie.e1000e.NicMachine.MILLI;
import static devices.pcie.e1000e.NicMachine.RX_RING;
import static iommu.testkit.Request.Kind.WRITE;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What descriptors of received frames say, and when they are written back. */
class ReceiveDescriptorTest {

    private static final long RCTL_LPE = 0x20;
    private static final long MPE_UPE = 0x18;

    private NicMachine machine;

    private long low(int index) {
        return machine.memory.read64(RX_RING + 16L * index);
    }

    private long high(int index) {
        return machine.memory.read64(RX_RING + 16L * index + 8);
    }

    /** DD 1, EOP 2, IXSM 4 of the older chip, PIF 80h of frames to groups. */
    @ParameterizedTest
    @CsvSource({"0x10d3, 0x020000000009, 0x03", "0x10d3, 0xffffffffffff, 0x03",
        "0x10d3, 0x01005e000001, 0x83", "0x100e, 0x020000000009, 0x07",
        "0x100e, 0xffffffffffff, 0x07", "0x100e, 0x01005e000001, 0x87"})
    void statusOfALegacyDescriptor(String id, String destination, String status) {
        machine = new NicMachine(Integer.decode(id));
        machine.loop(8, MPE_UPE);
        machine.arrive(NicMachine.to(Long.decode(destination), 123));

        assertThat(low(0)).as("the address stays").isEqualTo(BUFFERS);
        assertThat(high(0)).isEqualTo(Long.decode(status) << 32 | 123);
    }

    @ParameterizedTest
    @CsvSource({"0x020000000009, 0x03", "0xffffffffffff, 0x03", "0x01005e000001, 0x83"})
    void statusOfAnExtendedDescriptor(String destination, String status) {
        machine = new NicMachine(EXPRESS);
        machine.write(NicLayout.RFCTL, 0x8000);
        machine.loop(8, MPE_UPE);
        machine.arrive(NicMachine.to(Long.decode(destination), 123));

        assertThat(low(0)).as("the address is gone").isZero();
        assertThat(high(0)).isEqualTo(Long.decode(status) | 123L << 32);
    }

    /** BSEX and BSIZE, and what a frame of 1500 bytes is cut into. */
    @ParameterizedTest
    @CsvSource({"0, 1, 1500", "0x10000, 2, 1024", "0x20000, 3, 512", "0x30000, 6, 256",
        "0x02000000, 1, 1500", "0x02010000, 1, 1500", "0x02030000, 1, 1500"})
    void buffersAreAsLargeAsControlSays(String size, int count, int first) {
        machine = new NicMachine(EXPRESS);
        machine.loop(8, MPE_UPE | Long.decode(size));
        machine.arrive(NicMachine.to(9, 1500));

        assertThat(machine.read(NicLayout.RDH)).isEqualTo(count);
        int sum = 0;
        for (int i = 0; i < count; i++) {
            assertThat(high(i) >>> 32 & 3).isEqualTo(i == count - 1 ? 3 : 1);
            assertThat(machine.bytes(BUFFERS + 2048L * i, 1)[0])
                    .isEqualTo(NicMachine.to(9, 1500)[sum]);
            sum += (int) high(i) & 0xffff;
        }
        assertThat(high(0) & 0xffff).isEqualTo(first);
        assertThat(sum).isEqualTo(1500);
    }

    @ParameterizedTest
    @CsvSource({"1518, 0, true", "1519, 0, false", "1519, 0x20, true", "9000, 0x20, true",
        "16288, 0x20, true"})
    void longFramesNeedTheirBit(int bytes, String control, boolean taken) {
        machine = new NicMachine(EXPRESS);
        machine.loop(16, MPE_UPE | Long.decode(control));
        machine.arrive(NicMachine.to(9, bytes));

        assertThat(machine.read(Statistics.GPRC)).isEqualTo(taken ? 1 : 0);
        assertThat(machine.read(NicLayout.RDH)).isEqualTo(taken ? (bytes + 2047) / 2048 : 0);
        assertThat(machine.read(Statistics.MPC)).as("not missed but refused").isZero();
    }

    @Test
    void aLongFrameMayGoIntoOneLargeBuffer() {
        machine = new NicMachine(EXPRESS);
        machine.loop(8, MPE_UPE | RCTL_LPE | 1 << 25 | 1 << 16);
        machine.arrive(NicMachine.to(9, 9000));

        assertThat(high(0)).isEqualTo(3L << 32 | 9000);
        assertThat(machine.bytes(BUFFERS, 9000)).isEqualTo(NicMachine.to(9, 9000));
    }

    /** RXDCTL, frames; descriptors written back while RDTR holds, by how many requests. */
    @ParameterizedTest
    @CsvSource({"0x01000000, 3, 3, 3", "0x01020000, 3, 2, 1", "0x01040000, 9, 8, 2",
        "0x01080000, 7, 0, 0", "0x00010000, 9, 8, 2", "0x00020000, 9, 8, 1",
        "0x01010000, 5, 5, 5"})
    void descriptorsAreWrittenBackInBatches(String control, int frames, int head, int requests) {
        machine = new NicMachine(EXPRESS, Map.of("frameNanos", MILLI));
        machine.write(NicLayout.RXDCTL, Long.decode(control));
        machine.write(NicLayout.RDTR, 0xffff);
        machine.receive(32, 0);
        machine.run(frames * MILLI + MILLI / 2);

        assertThat(machine.read(NicLayout.RDH)).isEqualTo(head);
        assertThat(machine.requests(WRITE, RX_RING, RX_RING + 4096)).isEqualTo(requests);
        assertThat(machine.read(NicLayout.ICR) & 0x80).as("RXT0 comes with the timer").isZero();
    }

    /** RDTR counts 1024 ns from the first frame. */
    @ParameterizedTest
    @CsvSource({"1", "100", "0x300", "0xffff"})
    void theTimerEndsWaiting(String delay) {
        machine = new NicMachine(CONVENTIONAL);
        machine.write(NicLayout.RXDCTL, 0x0108_0000);
        machine.write(NicLayout.RDTR, Long.decode(delay));
        machine.loop(16, MPE_UPE);
        machine.memory.write(0x300000, NicMachine.to(9, 100), 0, 100);
        machine.descriptor(0, 0x300000, 1 << 24 | 100);
        machine.write(NicLayout.TDT, 1);
        long nanos = 0;
        while (machine.read(NicLayout.RDH) == 0) {
            machine.run(100);
            nanos += 100;
        }

        assertThat(nanos - Long.decode(delay) * 1024).as("and some microseconds before")
                .isBetween(2_000L, 10_000L);
    }

    /** RDMTS: half, a quarter, an eighth of 32. */
    @ParameterizedTest
    @CsvSource({"0, 16", "1, 8", "2, 4"})
    void theLowMarkIsAShareOfTheRing(long share, int left) {
        machine = new NicMachine(EXPRESS, Map.of("frameNanos", MILLI));
        machine.receive(32, share << 8);
        machine.run((31 - left) * MILLI - MILLI / 2);
        assertThat(machine.read(NicLayout.ICR) & 0x10).isZero();
        machine.run(MILLI);

        assertThat(machine.read(NicLayout.ICR) & 0x10).as("RXDMT0").isEqualTo(0x10);
    }

    @Test
    void theRingWrapsAsOftenAsTheDriverRefills() {
        machine = new NicMachine(EXPRESS);
        machine.loop(8, MPE_UPE);
        for (int i = 0; i < 50; i++) {
            machine.arrive(NicMachine.to(i, 60 + i));
            assertThat(high(i % 8) & 0xffff).isEqualTo(60 + i);
            assertThat(machine.bytes(BUFFERS + 2048L * (i % 8), 60 + i))
                    .isEqualTo(NicMachine.to(i, 60 + i));
            machine.write(NicLayout.RDT, i % 8);
        }

        assertThat(machine.read(NicLayout.RDH)).isEqualTo(50 % 8);
    }
}
