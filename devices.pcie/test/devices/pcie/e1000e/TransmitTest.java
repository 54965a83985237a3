// SPDX-License-Identifier: Apache-2.0
package devices.pcie.e1000e;

import static devices.pcie.e1000e.NicMachine.BUFFERS;
import static devices.pcie.e1000e.NicMachine.CONVENTIONAL;
import static devices.pcie.e1000e.NicMachine.EXPRESS;
import static devices.pcie.e1000e.NicMachine.MILLI;
import static devices.pcie.e1000e.NicMachine.RX_RING;
import static devices.pcie.e1000e.NicMachine.TX_RING;
import static iommu.testkit.Request.Kind.READ;
import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.memory.AddressRange;
import iommu.api.pcie.Medium;
import java.util.Arrays;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What becomes of frames that a driver sends. */
class TransmitTest {

    private static final long DATA = 0x200000;
    private static final long EOP = 1 << 24;
    private static final long RS = 1 << 27;
    private static final long DEXT = 1 << 29;
    private static final long DTYP_DATA = 1 << 20;

    private NicMachine machine;

    private void machine(int id, Object... options) {
        machine = options.length == 0 ? new NicMachine(id)
                : new NicMachine(id, Map.of((String) options[0], 1L));
        machine.transmit(16);
    }

    private void send(int tail) {
        machine.write(NicLayout.TDT, tail);
        machine.run(10 * MILLI);
    }

    private byte[] sent(int number) {
        return machine.context.committed().get(number).bytes();
    }

    private boolean isDone(int index) {
        return (machine.memory.read64(TX_RING + 16L * index + 8) >>> 32 & 1) != 0;
    }

    @ParameterizedTest
    @ValueSource(ints = {EXPRESS, CONVENTIONAL})
    void aFrameReachesTheWireAndItsDescriptorSaysSo(int id) {
        machine(id);
        byte[] frame = machine.frame(DATA, 700);
        machine.descriptor(0, DATA, EOP | RS | 700);
        send(1);

        assertThat(machine.context.committed()).hasSize(1);
        assertThat(machine.context.committed().get(0).medium()).isEqualTo(Medium.FRAMES);
        assertThat(machine.context.committed().get(0).sequence()).isZero();
        assertThat(sent(0)).isEqualTo(frame);
        assertThat(isDone(0)).isTrue();
        assertThat(machine.read(NicLayout.TDH)).isEqualTo(1);
        assertThat(machine.read(NicLayout.ICR) & 3).as("TXDW, TXQE").isEqualTo(3);
        assertThat(machine.read(Statistics.GPTC)).isEqualTo(1);
        assertThat(machine.read(Statistics.GPTC)).as("read before").isZero();
        assertThat(machine.read(Statistics.GOTCL)).isEqualTo(704);
    }

    @Test
    void aFrameMayLieInPieces() {
        machine(EXPRESS);
        byte[] first = machine.frame(DATA, 14);
        byte[] second = machine.frame(DATA + 0x1003, 200);
        machine.descriptor(0, DATA, 14);
        machine.descriptor(1, DATA + 0x1003, EOP | 200);
        send(2);

        assertThat(sent(0)).hasSize(214).startsWith(first).endsWith(second);
        assertThat(isDone(1)).as("nobody asked").isFalse();
        assertThat(machine.read(NicLayout.ICR) & 3).isZero();
    }

    @Test
    void framesAreNumberedFromTheLastReset() {
        machine(EXPRESS);
        machine.frame(DATA, 100);
        for (int i = 0; i < 5; i++) {
            machine.descriptor(i, DATA, EOP | 60 + i);
        }
        send(5);
        assertThat(machine.context.committed()).extracting(c -> c.position())
                .containsExactly(0L, 1L, 2L, 3L, 4L);
        machine.write(NicLayout.CTRL, 1 << 26);
        machine.transmit(16);
        send(1);

        assertThat(machine.context.committed().get(5).position()).isZero();
    }

    @Test
    void theRingWrapsRound() {
        machine(EXPRESS);
        machine.frame(DATA, 100);
        for (int i = 0; i < 16; i++) {
            machine.descriptor(i, DATA, EOP | RS | 60 + i);
        }
        send(15);
        send(4);

        assertThat(machine.context.committed()).extracting(c -> c.bytes().length)
                .endsWith(74, 75, 60, 61, 62, 63).hasSize(20);
    }

    @Test
    void extendedDescriptorsAndTheChecksumsOfAContext() {
        machine(EXPRESS);
        byte[] frame = machine.frame(DATA, 64);
        machine.descriptor(0, 33L << 16 | 24 << 8 | 14 | 63L << 48 | 40L << 40 | 34L << 32,
                DEXT | RS);
        machine.descriptor(1, DATA, DEXT | DTYP_DATA | EOP | RS | 64 | 3L << 40);
        send(2);

        assertThat(isDone(0)).isTrue();
        assertThat(isDone(1)).isTrue();
        assertThat(sent(0)).hasSize(64);
        assertThat(Arrays.copyOf(sent(0), 24)).isEqualTo(Arrays.copyOf(frame, 24));
        assertThat(sum(sent(0), 14, 34, frame, 24)).isEqualTo(0xffff);
        assertThat(sum(sent(0), 34, 64, frame, 40)).isEqualTo(0xffff);
    }

    /** The sum over what was summed, with the checksum, and without what lay in its place. */
    private static int sum(byte[] sent, int from, int to, byte[] before, int at) {
        int sum = 0;
        for (int i = from; i < to; i += 2) {
            sum += i == at ? word(before, i) + word(sent, i) : word(sent, i);
        }
        sum = (sum & 0xffff) + (sum >>> 16);
        return (sum & 0xffff) + (sum >>> 16);
    }

    private static int word(byte[] bytes, int at) {
        return (bytes[at] & 0xff) << 8 | bytes[at + 1] & 0xff;
    }

    @Test
    void aLegacyDescriptorMayAskForAChecksumToo() {
        machine(CONVENTIONAL);
        byte[] frame = machine.frame(DATA, 61);
        machine.descriptor(0, DATA, EOP | 1 << 26 | 20 << 16 | 61 | 14L << 40);
        machine.descriptor(1, DATA, EOP | 1 << 26 | 60 << 16 | 61 | 14L << 40);
        send(2);

        assertThat(sent(0)).isNotEqualTo(frame);
        assertThat(sent(0)[20] != frame[20] || sent(0)[21] != frame[21]).isTrue();
        assertThat(sent(1)).as("a place beyond the end").isEqualTo(frame);
    }

    @Test
    void shortFramesArePaddedIfAsked() {
        machine(EXPRESS);
        machine.frame(DATA, 20);
        machine.descriptor(0, DATA, EOP | 20);
        send(1);
        assertThat(sent(0)).hasSize(20);
        machine.write(NicLayout.TCTL, 2 | 8);
        machine.descriptor(1, DATA, EOP | 20);
        send(2);

        assertThat(sent(1)).hasSize(60).endsWith(0, 0);
    }

    @Test
    void whatIsTooLongIsReadButNotSent() {
        machine(EXPRESS);
        machine.descriptor(0, DATA, DEXT | DTYP_DATA | 0xf_ffff);
        machine.descriptor(1, DATA, DEXT | DTYP_DATA | EOP | RS | 60);
        machine.descriptor(2, DATA, EOP | 60);
        send(3);

        assertThat(machine.requests(READ, DATA, DATA + (1 << 20))).isGreaterThan(8192);
        assertThat(machine.context.committed()).extracting(c -> c.position()).containsExactly(1L);
    }

    @Test
    void anAbortedReadStopsTheUnitUntilAReset() {
        machine(EXPRESS);
        machine.frame(DATA, 100);
        machine.descriptor(0, DATA, EOP | RS | 100);
        machine.descriptor(1, DATA, EOP | RS | 100);
        machine.root.refuse(AddressRange.of(DATA, 4096));
        send(1);
        assertThat(isDone(0)).isFalse();
        machine.root.refuse(null);
        send(2);
        assertThat(machine.context.committed()).isEmpty();
        assertThat(machine.read(NicLayout.TDH)).isZero();
        machine.write(NicLayout.CTRL, 1 << 26);
        machine.transmit(16);
        send(2);

        assertThat(machine.context.committed()).hasSize(2);
    }

    @Test
    void orItIsSentAsZeros() {
        machine(EXPRESS, NicOptions.ABORTED_READS);
        machine.frame(DATA, 100);
        machine.descriptor(0, DATA, EOP | RS | 100);
        machine.root.refuse(AddressRange.of(DATA, 4096));
        send(1);

        assertThat(isDone(0)).isTrue();
        assertThat(sent(0)).isEqualTo(new byte[100]);
    }

    @Test
    void withoutBusMasteringItWaitsAndGoesOn() {
        machine(EXPRESS);
        machine.frame(DATA, 100);
        machine.descriptor(0, DATA, EOP | RS | 100);
        machine.function.writeConfig(4, 2, 2);
        send(1);
        assertThat(machine.root.requests()).isEmpty();
        machine.function.writeConfig(4, 2, 6);
        machine.run(50 * MILLI);

        assertThat(machine.context.committed()).hasSize(1);
    }

    @Test
    void nothingGoesOnAfterAReset() {
        machine(EXPRESS);
        machine.frame(DATA, 1500);
        for (int i = 0; i < 10; i++) {
            machine.descriptor(i, DATA, EOP | RS | 1500);
        }
        machine.write(NicLayout.TDT, 10);
        machine.run(60_000);
        int before = machine.context.committed().size();
        assertThat(before).isBetween(1, 9);
        machine.device.reset();
        machine.root.clear();
        machine.run(10 * MILLI);

        assertThat(machine.context.committed()).hasSize(before);
        assertThat(machine.root.requests()).isEmpty();
        assertThat(machine.context.resets()).isEqualTo(1);
    }

    @Test
    void aFrameThatLoopsBackIsReceivedAndNotSent() {
        machine(EXPRESS);
        machine.receive(8, 1 << 6);
        byte[] frame = machine.frame(DATA, 200);
        machine.descriptor(0, DATA, EOP | RS | 200);
        send(1);

        assertThat(machine.context.committed()).isEmpty();
        assertThat(machine.bytes(BUFFERS, 200)).isEqualTo(frame);
        assertThat(machine.memory.read64(RX_RING + 8) & 0xffff).isEqualTo(200);
        assertThat(machine.read(Statistics.GPRC)).isEqualTo(1);
        assertThat(machine.read(Statistics.BPRC)).isEqualTo(1);
    }

    @ParameterizedTest
    @ValueSource(ints = {EXPRESS, CONVENTIONAL})
    void thePhyLoopsBackToo(int id) {
        machine(id);
        machine.receive(8, 0);
        machine.write(NicLayout.MDIC, 1 << 26 | 1 << 21 | 0x4140);
        byte[] frame = machine.frame(DATA, 40);
        machine.descriptor(0, DATA, EOP | RS | 40);
        send(1);

        assertThat(machine.bytes(BUFFERS, 40)).isEqualTo(frame);
        assertThat(machine.memory.read64(RX_RING + 8) & 0xffff).as("padded").isEqualTo(60);
    }

    @Test
    void theFilterTakesItsOwnAddressAndThoseOfTheTable() {
        machine(EXPRESS);
        machine.receive(8, 1 << 6);
        machine.frame(DATA, 100);
        machine.memory.write64(DATA, 0x0000_5634_1200_5452L);
        machine.descriptor(0, DATA, EOP | 100);
        send(1);
        assertThat(machine.read(NicLayout.RDH)).as("its own").isEqualTo(1);
        machine.memory.write64(DATA, 0x0000_5734_1200_5452L);
        machine.descriptor(1, DATA, EOP | 100);
        send(2);
        assertThat(machine.read(NicLayout.RDH)).as("another's").isEqualTo(1);
        machine.memory.write64(DATA, 0x0000_0100_005e_0001L);
        machine.descriptor(2, DATA, EOP | 100);
        send(3);
        assertThat(machine.read(NicLayout.RDH)).as("a group it does not know").isEqualTo(1);
        machine.function.writeRegister(0, NicLayout.MTA, 4, 1 << 16);
        machine.descriptor(3, DATA, EOP | 100);
        send(4);
        assertThat(machine.read(NicLayout.RDH)).as("0100h >> 4").isEqualTo(2);
        assertThat(machine.read(Statistics.MPRC)).isEqualTo(1);
    }
}
