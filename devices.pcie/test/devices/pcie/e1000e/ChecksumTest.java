// SPDX-License-Identifier: Apache-2.0
package devices.pcie.e1000e;

import static devices.pcie.e1000e.NicMachine.CONVENTIONAL;
import static devices.pcie.e1000e.NicMachine.EXPRESS;
import static devices.pcie.e1000e.NicMachine.MILLI;
import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.sim.RandomStream;
import iommu.testkit.seeds.Seeds;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Checksums that the chip inserts. */
class ChecksumTest {

    private static final long DATA = 0x200000;
    private static final long EOP = 1 << 24;
    private static final long IC = 1 << 26;
    private static final long DEXT = 1 << 29;
    private static final long DTYP_DATA = 1 << 20;
    private static final long IXSM = 1L << 40;
    private static final long TXSM = 1L << 41;

    private NicMachine machine;
    private int tail;

    private void machine(int id) {
        machine = new NicMachine(id);
        machine.transmit(64);
    }

    private void put(byte[] frame) {
        machine.memory.write(DATA, frame, 0, frame.length);
    }

    private void post(long low, long high) {
        machine.descriptor(tail++, low, high);
    }

    private byte[] sent() {
        machine.write(NicLayout.TDT, tail);
        machine.run(MILLI);
        var all = machine.context.committed();
        return all.get(all.size() - 1).bytes();
    }

    private static byte[] padded(String hex, int bytes) {
        byte[] frame = new byte[bytes];
        byte[] given = HexFormat.of().parseHex(hex);
        System.arraycopy(given, 0, frame, 0, given.length);
        return frame;
    }

    private static int word(byte[] bytes, int at) {
        return (bytes[at] & 0xff) << 8 | bytes[at + 1] & 0xff;
    }

    /** Sums as RFC 1071 says in words, with a carry after each. */
    private static int checksum(byte[] bytes, int from, int end) {
        int sum = 0;
        for (int i = from; i < end; i += 2) {
            sum += i + 1 < end ? word(bytes, i) : (bytes[i] & 0xff) << 8;
            sum = sum > 0xffff ? sum - 0xffff : sum;
        }
        return ~sum & 0xffff;
    }

    /** The example of RFC 1071, section 3: 0001 f203 f4f5 f6f7 sum up to ddf2. */
    @ParameterizedTest
    @ValueSource(ints = {EXPRESS, CONVENTIONAL})
    void theExampleOfTheStandard(int id) {
        machine(id);
        put(padded("00".repeat(20) + "0001f203f4f5f6f7", 60));
        post(DATA, EOP | IC | 14 << 16 | 60 | 20L << 40);

        assertThat(word(sent(), 14)).isEqualTo(0xffff & ~0xddf2);
    }

    /** A header of IPv4 whose checksum is known to be b861h. */
    @Test
    void theHeaderOfAnIpPacket() {
        machine(EXPRESS);
        put(padded("00".repeat(14) + "45000073000040004011" + "0000" + "c0a80001c0a800c7", 70));
        post(33L << 16 | 24 << 8 | 14, DEXT);
        post(DATA, DEXT | DTYP_DATA | EOP | IXSM | 70);

        assertThat(word(sent(), 24)).isEqualTo(0xb861);
    }

    /** Rows of IXSM and TXSM: which of the two places of a context are written. */
    @ParameterizedTest
    @CsvSource({"0, false, false", "1, true, false", "2, false, true", "3, true, true"})
    void eachChecksumIsInsertedIfAskedFor(long options, boolean ip, boolean transport) {
        machine(EXPRESS);
        byte[] frame = NicMachine.to(1, 200);
        frame[24] = frame[25] = frame[50] = frame[51] = 0;
        put(frame);
        post(33L << 16 | 24 << 8 | 14 | 50L << 40 | 34L << 32, DEXT);
        post(DATA, DEXT | DTYP_DATA | EOP | 200 | options << 40);
        byte[] sent = sent();

        assertThat(word(sent, 24)).isEqualTo(ip ? checksum(frame, 14, 34) : 0);
        assertThat(word(sent, 50)).isEqualTo(transport ? checksum(frame, 34, 200) : 0);
    }

    @Test
    void aContextHoldsUntilTheNextOne() {
        machine(EXPRESS);
        byte[] frame = padded("", 100);
        frame[40] = 0x12;
        put(frame);
        post(30L << 40 | 34L << 32, DEXT);
        post(DATA, DEXT | DTYP_DATA | EOP | TXSM | 100);
        assertThat(word(sent(), 30)).isEqualTo(0xedff);
        post(DATA, DEXT | DTYP_DATA | EOP | TXSM | 100);
        assertThat(word(sent(), 30)).as("the same context").isEqualTo(0xedff);
        post(60L << 40 | 34L << 32, DEXT);
        post(DATA, DEXT | DTYP_DATA | EOP | TXSM | 100);
        byte[] third = sent();

        assertThat(word(third, 30)).isZero();
        assertThat(word(third, 60)).as("another").isEqualTo(0xedff);
        assertThat(machine.context.committed()).as("contexts are no frames").hasSize(3);
    }

    /** What the first descriptor of a frame asks for counts, whatever those behind it say. */
    @ParameterizedTest
    @CsvSource({"0x20000000000, 0, true", "0, 0x20000000000, false"})
    void theFirstDescriptorOfAFrameSaysWhichChecksums(String first, String last, boolean done) {
        machine(EXPRESS);
        put(padded("", 100));
        post(30L << 40 | 34L << 32, DEXT);
        post(DATA, DEXT | DTYP_DATA | 50 | Long.decode(first));
        post(DATA + 50, DEXT | DTYP_DATA | EOP | 50 | Long.decode(last));

        assertThat(word(sent(), 30)).isEqualTo(done ? 0xffff : 0);
    }

    @ParameterizedTest
    @CsvSource({"60, 14", "59, 14", "200, 14", "20, 60", "20, 255"})
    void placesBeyondTheFrameAreLeftOut(long offset, long start) {
        machine(EXPRESS);
        byte[] frame = NicMachine.to(1, 60);
        put(frame);
        post(DATA, EOP | IC | offset << 16 | 60 | start << 40);

        assertThat(sent()).isEqualTo(frame);
    }

    @Seeds(count = 20)
    void anyPartMayBeSummed(long seed) {
        var random = new RandomStream(seed, "sums");
        machine(EXPRESS);
        int bytes = (int) random.between(60, 1514);
        int start = random.nextInt(60);
        int end = (int) random.between(start, bytes - 1);
        int at = random.nextInt(Math.min(250, bytes - 1));
        byte[] frame = NicMachine.to(seed, bytes);
        put(frame);
        post((long) end << 48 | (long) at << 40 | (long) start << 32, DEXT);
        post(DATA, DEXT | DTYP_DATA | EOP | TXSM | bytes);

        assertThat(word(sent(), at)).isEqualTo(checksum(frame, start, end == 0 ? bytes : end + 1));
    }
}
