// SPDX-License-Identifier: Apache-2.0
package devices.pcie.ehci;

import static devices.pcie.ehci.EhciMachine.DATA;
import static devices.pcie.ehci.EhciMachine.HEADS;
import static devices.pcie.ehci.EhciMachine.IN;
import static devices.pcie.ehci.EhciMachine.MILLI;
import static devices.pcie.ehci.EhciMachine.OUT;
import static devices.pcie.ehci.EhciMachine.SETUP;
import static devices.pcie.ehci.EhciMachine.STS;
import static devices.pcie.ehci.EhciMachine.TRANSFERS;
import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.sim.RandomStream;
import iommu.testkit.FakeDeviceContext;
import iommu.testkit.Request;
import iommu.testkit.seeds.Seeds;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Random chains of transfers in one queue, beside what the rules for each transfer say. */
class QueueHeadTest {

    private static final int ACTIVE = 0x80;
    private static final int HALTED = 0x40;
    private static final int ERROR = 0x08;
    private static final int IOC = 1 << 15;
    private static final int TOGGLE = 1 << 31;
    private static final int BY_TRANSFER = 1 << 14;
    private static final int RECLAMATION = 1 << 15;
    private static final long RING = HEADS | 2;
    private static final int[] PACKETS = {8, 64, 100, 512, 1024};
    private static final long PAGES = 0x10_0000;
    private static final int POOL = 64;

    private final EhciMachine m = new EhciMachine(Map.of("mediumNanos", 1L, "asyncNanos",
            10_000L));

    private long at(int index) {
        return TRANSFERS + 0x20 * index;
    }

    // ---- data: lengths, pages, packets ----------------------------------------------------------

    /** The pages of a pool as they should be, and which of them have been handed out. */
    private final byte[] pool = new byte[POOL * 4096];
    private int pages;

    /** Gives a transfer the next pages of the pool, every third one, and returns their indices. */
    private int[] list(long transfer, int offset) {
        int[] indices = new int[5];
        for (int i = 0; i < 5; i++) {
            indices[i] = pages++ * 37 % POOL;
            m.memory.write32(transfer + 12 + 4 * i,
                    (int) (PAGES + 4096 * indices[i]) | (i == 0 ? offset : 0));
        }
        return indices;
    }

    private void command(boolean write, long sector, int length) {
        ByteBuffer block = ByteBuffer.allocate(31).order(ByteOrder.LITTLE_ENDIAN)
                .putInt(0, 0x4342_5355).putInt(8, length).put(14, (byte) 10)
                .put(15, (byte) (write ? 0x2a : 0x28));
        m.memory.write(DATA, block.order(ByteOrder.BIG_ENDIAN).putInt(17, (int) sector).array(),
                0, 31);
    }

    private static byte[] medium(long sector, int bytes) {
        byte[] all = new byte[bytes + 511 & -512];
        for (int at = 0; at < bytes; at += 512) {
            System.arraycopy(FakeDeviceContext.onMedium(sector + at / 512, 512), 0, all, at, 512);
        }
        return all;
    }

    /**
     * A command whose data go through up to 8 transfers of any length, at any offset, in scattered
     * pages: all bytes are where they belong and no others, and toggles count packets.
     */
    @Seeds(count = 24)
    void dataGoWhereTheirTransfersSay(long seed) {
        var random = new RandomStream(seed, "data");
        boolean write = seed % 2 == 0;
        int packet = PACKETS[random.nextInt(PACKETS.length)];
        int count = 1 + random.nextInt(8);
        int[] offsets = new int[count];
        int[] lengths = new int[count];
        int[][] listed = new int[count][];
        int total = 0;
        for (int i = 0; i < count; i++) {
            offsets[i] = random.nextInt(4096);
            lengths[i] = 1 + random.nextInt(5 * 4096 - offsets[i] - packet);
            total += lengths[i];
            m.transfer(1 + i, i < count - 1 ? at(2 + i) : write ? 1 : at(20), write ? OUT : IN,
                    lengths[i], 0);
            listed[i] = list(at(1 + i), offsets[i]);
        }
        for (int i = 0; i < pool.length; i++) {
            pool[i] = (byte) random.nextLong();
        }
        m.memory.write(PAGES, pool, 0, pool.length);
        command(write, 900, total);
        m.transfer(0, write ? at(1) : 1, OUT, 31, 0);
        m.transfer(20, 1, IN, 13, IOC);
        m.head(0, HEADS + 0x40 | 2, 2, write ? packet : 512, RECLAMATION, at(0));
        m.head(1, RING, 1, packet, 0, write ? at(20) : at(1));
        m.asynchronous();
        m.queue.advance(50 * MILLI);

        byte[] moved = write ? new byte[total] : medium(900, total);
        int done = 0;
        boolean odd = write && (31 + packet - 1) / packet % 2 != 0;
        for (int i = 0; i < count; i++) {
            for (int b = 0; b < lengths[i]; b++) {
                int place = offsets[i] + b;
                int byteAt = listed[i][place / 4096] * 4096 + place % 4096;
                if (write) {
                    moved[done++] = pool[byteAt];
                } else {
                    pool[byteAt] = moved[done++];
                }
            }
            odd ^= (lengths[i] + packet - 1) / packet % 2 != 0;
            assertThat(m.token(at(1 + i)) & ~0x7000).as("transfer %d of %d bytes", i, lengths[i])
                    .isEqualTo((write ? OUT : IN) << 8 | 3 << 10 | (odd ? TOGGLE : 0));
        }
        byte[] there = new byte[pool.length];
        m.memory.read(PAGES, there, 0, there.length);
        assertThat(Arrays.equals(there, pool)).as("memory").isTrue();
        assertThat(m.read(STS) & 0x3f).isEqualTo(1);
        if (write) {
            assertThat(m.context.committed()).hasSize(total / 512);
            for (int i = 0; i < total / 512; i++) {
                assertThat(m.context.committed().get(i).bytes())
                        .isEqualTo(Arrays.copyOfRange(moved, 512 * i, 512 * i + 512));
            }
        }
    }

    // ---- short packets, alternates, toggles -----------------------------------------------------

    /** The data stage of one control transfer, as drawn and as it should end. */
    private static final class Chain {
        private int bytes = 18;
        private boolean told;
        private boolean odd;
    }

    /** The rules for one transfer: what it moves, what is left, which one is next. */
    private int expect(Chain chain, int index, int token, boolean byTransfer, int stop) {
        int length = token >>> 16 & 0x7fff;
        int moved = Math.min(length, chain.bytes);
        chain.bytes -= moved;
        chain.odd = !(byTransfer ? token < 0 : chain.odd);
        chain.told |= (token & IOC) != 0 || moved < length;
        int left = length - moved;
        assertThat(m.token(at(index)) & ~0x7000).as("transfer %d of %d bytes", index, length)
                .isEqualTo(token & (IOC | 0xf00) | left << 16 | (chain.odd ? TOGGLE : 0));
        boolean alternate = left > 0 && (m.memory.read32(at(index) + 4) & 1) == 0;
        return alternate ? stop : index + 1;
    }

    /** A descriptor of 18 bytes in transfers that ask for less, as much, or more. */
    @Seeds(count = 40)
    void afterAShortPacketGoesOnWhatTheTransferSays(long seed) {
        var random = new RandomStream(seed, "chain");
        boolean byTransfer = random.oneIn(2);
        int stop = 2 + random.nextInt(5);
        int[] tokens = new int[stop + 1];
        m.memory.write64(DATA, 0x0012_0000_0100_0680L);
        m.transfer(0, at(1), SETUP, 8, 0);
        for (int i = 1; i <= stop; i++) {
            int bits = (random.oneIn(3) ? IOC : 0) | (random.oneIn(2) ? TOGGLE : 0);
            m.transfer(i, i < stop ? at(i + 1) : 1, i < stop ? IN : OUT,
                    i < stop ? random.nextInt(25) : 0, bits);
            m.memory.write32(at(i) + 4, random.oneIn(2) ? (int) at(stop) : 1);
            tokens[i] = m.token(at(i));
        }
        m.head(0, RING, 0, 64, RECLAMATION | (byTransfer ? BY_TRANSFER : 0), at(0));
        m.asynchronous();
        m.queue.advance(5 * MILLI);
        var chain = new Chain();
        chain.odd = true;
        boolean[] done = new boolean[stop + 1];
        for (int i = 1; i <= stop;) {
            done[i] = true;
            i = expect(chain, i, tokens[i], byTransfer, stop);
        }
        for (int i = 1; i <= stop; i++) {
            if (!done[i]) {
                assertThat(m.token(at(i))).as("transfer %d is left out", i).isEqualTo(tokens[i]);
            }
        }
        assertThat(m.read(STS) & 0x3f).isEqualTo(chain.told ? 1 : 0);
        assertThat(m.memory.read32(HEADS + 12)).as("current").isEqualTo((int) at(stop));
        assertThat(m.during(MILLI)).as("nothing more").allMatch(
                r -> r.kind() == Request.Kind.READ && r.address() == HEADS);
    }

    // ---- errors ---------------------------------------------------------------------------------

    /** A stall halts at once and is no error of those that are counted. */
    @ParameterizedTest
    @CsvSource({"0, 0", "0, 1", "1, 0", "2, 1", "3, 0", "3, 1"})
    void aStallDoesNotCountDown(int errors, int told) {
        m.memory.write64(DATA, 0xffff);
        m.transfer(0, at(1), SETUP, 8, told * IOC);
        m.memory.write32(at(0) + 8, m.token(at(0)) & ~(3 << 10) | errors << 10);
        m.transfer(1, 1, IN, 0, 0);
        m.head(0, RING, 0, 64, RECLAMATION, at(0));
        m.asynchronous();
        m.queue.advance(MILLI);
        int wanted = SETUP << 8 | HALTED | errors << 10 | 8 << 16 | told * IOC;
        assertThat(m.token(at(0))).isEqualTo(wanted);
        assertThat(m.memory.read32(HEADS + 24)).as("overlay").isEqualTo(wanted);
        assertThat(m.token(at(1)) & ACTIVE).as("the next one").isEqualTo(ACTIVE);
        assertThat(m.read(STS) & 0x3f).as("an error, and the end of a transfer if told")
                .isEqualTo(2 | told);
        m.memory.write32(HEADS + 24, 0);
        m.memory.write32(HEADS + 16, (int) at(1));
        m.queue.advance(MILLI);
        assertThat(m.token(at(1)) & ACTIVE).as("software goes on with it").isZero();
    }

    /** Nobody answers: so many attempts as the counter says, and for ever from 0. */
    @ParameterizedTest
    @CsvSource({"1, 0", "2, 1", "3, 0", "3, 1"})
    void errorsThatCountHaltAtTheLast(int errors, int told) {
        m.transfer(0, 1, IN, 8, told * IOC);
        m.memory.write32(at(0) + 8, m.token(at(0)) & ~(3 << 10) | errors << 10);
        m.head(0, RING, 0, 64, RECLAMATION, at(0));
        m.memory.write32(HEADS + 4, m.memory.read32(HEADS + 4) + 8);
        m.asynchronous();
        m.queue.advance(1_000);
        for (int left = errors - 1; left > 0; left--) {
            assertThat(m.memory.read32(HEADS + 24) & (HALTED | ACTIVE | 3 << 10))
                    .isEqualTo(ACTIVE | left << 10);
            assertThat(m.read(STS) & 0x3f).isZero();
            m.queue.advance(1_020);
        }
        assertThat(m.token(at(0))).isEqualTo(
                IN << 8 | HALTED | ERROR | 8 << 16 | told * IOC);
        assertThat(m.read(STS) & 0x3f).isEqualTo(2 | told);
    }

    @ParameterizedTest
    @CsvSource({"100", "5000"})
    void fromZeroErrorsAreNotCounted(int micros) {
        m.transfer(0, 1, IN, 8, IOC);
        m.memory.write32(at(0) + 8, m.token(at(0)) & ~(3 << 10));
        m.head(0, RING, 0, 64, RECLAMATION, at(0));
        m.memory.write32(HEADS + 4, m.memory.read32(HEADS + 4) + 8);
        m.asynchronous();
        m.queue.advance(micros * 1000L);
        assertThat(m.memory.read32(HEADS + 24) & (HALTED | ACTIVE | ERROR | 3 << 10))
                .isEqualTo(ACTIVE | ERROR);
        assertThat(m.read(STS) & 0x3f).isZero();
    }

    /** A packet may cross the end of any page but the fifth. */
    @ParameterizedTest
    @CsvSource({"0, 0xffc, 0", "3, 0xff9, 0", "4, 0xff8, 0", "4, 0xff9, 1", "4, 0xffc, 1"})
    void aPacketAcrossTheEndOfTheLastPageHalts(int page, String offset, int halts) {
        m.memory.write(DATA + 4096 * page + Long.decode(offset), new byte[] {0, 9, 1, 0, 0, 0, 0,
            0}, 0, 8);
        m.transfer(0, 1, SETUP, 8, page << 12);
        m.memory.write32(at(0) + 12, (int) (DATA + Long.decode(offset)));
        m.head(0, RING, 0, 64, RECLAMATION, at(0));
        m.asynchronous();
        m.queue.advance(MILLI);
        assertThat(m.token(at(0)) & (ACTIVE | HALTED)).isEqualTo(halts * HALTED);
        assertThat(m.read(STS) & 0x3f).isEqualTo(2 * halts);
    }
}
