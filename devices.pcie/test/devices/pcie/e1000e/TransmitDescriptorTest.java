// SPDX-License-Identifier: Apache-2.0
package devices.pcie.e1000e;

import static devices.pcie.e1000e.NicMachine.CONVENTIONAL;
import static devices.pcie.e1000e.NicMachine.EXPRESS;
import static devices.pcie.e1000e.NicMachine.MILLI;
import static devices.pcie.e1000e.NicMachine.TX_RING;
import static iommu.testkit.Request.Kind.READ;
import static iommu.testkit.Request.Kind.WRITE;
import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** When transmit descriptors are written back, and what is told of it. */
class TransmitDescriptorTest {

    private static final long DATA = 0x200000;
    private static final long EOP = 1 << 24;
    private static final long RS = 1 << 27;
    private static final long DEXT = 1 << 29;
    private static final long IDE = 1L << 31;
    private static final long DTYP_DATA = 1 << 20;

    private NicMachine machine;

    @BeforeEach
    void machine() {
        machine = new NicMachine(EXPRESS);
        machine.transmit(16);
        machine.frame(DATA, 2000);
    }

    private void send(int tail) {
        machine.write(NicLayout.TDT, tail);
        machine.run(MILLI);
    }

    private long high(int index) {
        return machine.memory.read64(TX_RING + 16L * index + 8);
    }

    /** Command; whether DD is written, and whether TXDW is told at once. */
    @ParameterizedTest
    @CsvSource({"0, false", "0x08000000, true", "0x02000000, false", "0x0a000000, true",
        "0x20100000, false", "0x28100000, true"})
    void writeBackIsOnRequest(String command, boolean done) {
        long given = Long.decode(command) | EOP | 100;
        machine.descriptor(0, DATA, given);
        send(1);

        assertThat(machine.context.committed()).hasSize(1);
        assertThat(high(0)).as("nothing but DD").isEqualTo(given | (done ? 1L << 32 : 0));
        assertThat(machine.requests(WRITE, TX_RING, TX_RING + 4096)).isEqualTo(done ? 1 : 0);
        assertThat(machine.read(NicLayout.ICR) & 1).as("TXDW").isEqualTo(done ? 1 : 0);
    }

    /** IDE, TIDV; TXDW after 50 microseconds and after a millisecond. */
    @ParameterizedTest
    @CsvSource({"false, 0, 1, 1", "false, 100, 1, 1", "true, 0, 1, 1", "true, 100, 0, 1",
        "true, 2000, 0, 0"})
    void theInterruptMayBeDelayed(boolean asks, int units, int early, int late) {
        machine.write(NicLayout.TIDV, units);
        machine.descriptor(0, DATA, EOP | RS | 100 | (asks ? IDE : 0));
        machine.write(NicLayout.TDT, 1);
        machine.run(50_000);
        assertThat(high(0) >>> 32).as("written back at once").isEqualTo(1);
        assertThat(machine.read(NicLayout.ICS) & 1).isEqualTo(early);
        machine.run(MILLI);

        assertThat(machine.read(NicLayout.ICS) & 1).isEqualTo(late);
    }

    /** A frame's time on the wire: 8 ns a byte, at least 60, and 24 bytes of overhead. */
    @ParameterizedTest
    @CsvSource({"60, 672", "20, 672", "1514, 12304"})
    void framesTakeTheirTimeOnTheWire(int bytes, int nanos) {
        for (int i = 0; i < 15; i++) {
            machine.descriptor(i, DATA, EOP | bytes);
        }
        machine.write(NicLayout.TDT, 15);
        machine.run(14L * nanos);

        assertThat(machine.context.committed()).as("not before").hasSizeBetween(1, 14);
        machine.run(MILLI);
        assertThat(machine.context.committed()).hasSize(15);
    }

    @Test
    void whatIsOnChipGoesOnWhenTransmittingIsOnAgain() {
        for (int i = 0; i < 15; i++) {
            machine.descriptor(i, DATA + i, EOP | RS | 1000);
        }
        machine.write(NicLayout.TDT, 15);
        machine.run(40_000);
        machine.write(NicLayout.TCTL, 0);
        machine.run(MILLI);
        int before = machine.context.committed().size();
        assertThat(before).isBetween(1, 10);
        assertThat(machine.read(NicLayout.TDH)).isEqualTo(before);
        machine.write(NicLayout.TCTL, 2);
        machine.run(MILLI);

        assertThat(machine.context.committed()).extracting(c -> c.position())
                .containsExactly(0L, 1L, 2L, 3L, 4L, 5L, 6L, 7L, 8L, 9L, 10L, 11L, 12L, 13L, 14L);
        assertThat(machine.requests(READ, TX_RING, TX_RING + 4096)).as("fetched once: 240 bytes")
                .isEqualTo(2);
    }

    @Test
    void descriptorsOnChipAreForgottenWhenTheHeadIsWritten() {
        machine.descriptor(0, DATA, EOP | 100);
        machine.descriptor(1, DATA, EOP | 101);
        machine.write(NicLayout.TDT, 2);
        machine.run(1100);
        machine.write(NicLayout.TCTL, 0);
        machine.run(MILLI);
        assertThat(machine.context.committed()).hasSize(1);
        machine.write(NicLayout.TDH, 0);
        machine.descriptor(0, DATA, EOP | 200);
        machine.write(NicLayout.TDT, 1);
        machine.write(NicLayout.TCTL, 2);
        machine.run(MILLI);

        assertThat(machine.context.committed()).extracting(c -> c.bytes().length)
                .containsExactly(100, 200);
    }

    @ParameterizedTest
    @ValueSource(longs = {1500, 3000, 5000, 10_000, 11_500})
    void aRingThatIsTakenAwayUnderWayGetsNoWriteBack(long instant) {
        machine.descriptor(0, DATA, EOP | RS | 1000);
        machine.write(NicLayout.TDT, 1);
        machine.run(instant);
        machine.write(NicLayout.TDLEN, 0);
        machine.run(MILLI);

        assertThat(machine.requests(WRITE, TX_RING, TX_RING + 4096)).isZero();
        assertThat(machine.context.committed()).as("it was held").hasSize(1);
    }

    @ParameterizedTest
    @CsvSource({"0", "1", "59"})
    void emptyFramesAreNotSentAndShortOnesAreNotPaddedUnasked(int bytes) {
        machine.descriptor(0, DATA, EOP | RS | bytes);
        send(1);

        assertThat(high(0) >>> 32).as("done").isEqualTo(1);
        assertThat(machine.context.committed()).hasSize(bytes == 0 ? 0 : 1);
        assertThat(machine.read(Statistics.GPTC)).isEqualTo(bytes == 0 ? 0 : 1);
    }

    /** A frame in so many pieces of 30 bytes, legacy or extended. */
    @ParameterizedTest
    @CsvSource({"1, 0", "2, 0", "15, 0", "1, 0x20100000", "15, 0x20100000"})
    void piecesOfOneFrameAreOneRequest(int pieces, String kind) {
        for (int i = 0; i < pieces; i++) {
            machine.descriptor(i, DATA + 30 * i, Long.decode(kind) | 30
                    | (i == pieces - 1 ? EOP | RS : 0));
        }
        send(pieces);

        assertThat(machine.context.committed()).hasSize(1);
        assertThat(machine.context.committed().get(0).bytes())
                .isEqualTo(machine.bytes(DATA, 30 * pieces));
        assertThat(machine.read(NicLayout.TDH)).isEqualTo(pieces);
        assertThat(machine.read(Statistics.GOTCL)).isEqualTo(30L * pieces + 4);
    }

    @Test
    void theOlderChipKnowsTheSameDescriptors() {
        machine = new NicMachine(CONVENTIONAL);
        machine.transmit(16);
        machine.frame(DATA, 100);
        machine.descriptor(0, 0, DEXT | RS);
        machine.descriptor(1, DATA, DEXT | DTYP_DATA | EOP | RS | 100);
        send(2);

        assertThat(high(0) >>> 32 & high(1) >>> 32).as("both done").isEqualTo(1);
        assertThat(machine.context.committed()).hasSize(1);
        assertThat(machine.read(NicLayout.ICR)).as("TXDW, TXQE; no cause of a queue").isEqualTo(3);
    }
}
