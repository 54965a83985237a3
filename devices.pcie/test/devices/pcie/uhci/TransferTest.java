// SPDX-License-Identifier: Apache-2.0
package devices.pcie.uhci;

import static devices.pcie.uhci.UhciMachine.DATA;
import static devices.pcie.uhci.UhciMachine.IN;
import static devices.pcie.uhci.UhciMachine.OUT;
import static devices.pcie.uhci.UhciMachine.QUEUE;
import static devices.pcie.uhci.UhciMachine.SETUP;
import static devices.pcie.uhci.UhciMachine.STS;
import static devices.pcie.uhci.UhciMachine.TRANSFERS;
import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.sim.RandomStream;
import iommu.testkit.seeds.Seeds;
import java.util.Arrays;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Random transfers in two queues, frame by frame, beside what the guide says of each. */
class TransferTest {

    private static final int ACTIVE = 1 << 23;
    private static final int STALLED = 1 << 22;
    private static final int NAK = 1 << 19;
    private static final int TIMED_OUT = 1 << 18;
    private static final int IOC = 1 << 24;
    private static final int ISOCHRONOUS = 1 << 25;
    private static final int SPD = 1 << 29;
    private static final int ERRORS = 3 << 27;
    private static final int ERROR = 1 << 27;
    private static final int DEPTH_FIRST = 4;
    private static final int COUNT = 12;
    private static final int QUEUES = 2;
    private static final int[] LENGTHS = {0, 1, 7, 8, 9, 18, 64, 1280};
    private static final byte[] DESCRIPTOR =
            {18, 1, 0x10, 1, 0, 0, 0, 8, 0x6b, 0x1d, 4, 1, 0, 1, 0, 0, 0, 1};

    private final UhciMachine m = new UhciMachine(Map.of());

    private static long at(int index) {
        return TRANSFERS + 0x20 * index;
    }

    // ---- the reference --------------------------------------------------------------------------

    /** What software has written and what the guide makes of it; no memory, no controller. */
    private static final class Model {

        private final long[] next = new long[COUNT];
        private final int[] status = new int[COUNT];
        private final int[] pid = new int[COUNT];
        private final int[] address = new int[COUNT];
        private final int[] endpoint = new int[COUNT];
        private final int[] length = new int[COUNT];
        private final boolean[] known = new boolean[COUNT];
        private final byte[][] buffer = new byte[COUNT][];
        private final long[] element = {1, 1};
        private byte[] answer = {};
        private int given;
        private int events;

        void frame() {
            for (int q = 0; q < QUEUES; q++) {
                boolean goesOn = true;
                while (goesOn && (element[q] & 1) == 0) {
                    int index = (int) ((element[q] & ~15L) - TRANSFERS) / 0x20;
                    goesOn = transfer(index) && (next[index] & DEPTH_FIRST) != 0;
                    element[q] = advanced ? next[index] : element[q];
                }
            }
        }

        private boolean advanced;

        private boolean transfer(int i) {
            advanced = false;
            if ((status[i] & ACTIVE) == 0) {
                tell(i);
            } else if (address[i] != 1) {
                timeOut(i);
            } else if (pid[i] == IN && endpoint[i] == 3) {
                status[i] = (status[i] & ISOCHRONOUS) != 0 ? status[i] & ~ACTIVE
                        : status[i] | NAK;
            } else if (stalls(i)) {
                stall(i);
            } else {
                done(i);
            }
            return advanced;
        }

        private void tell(int i) {
            events |= (status[i] & IOC) != 0 ? 1 : 0;
        }

        private void stall(int i) {
            status[i] = status[i] & ~ACTIVE | STALLED;
            events |= 2;
            tell(i);
        }

        private void timeOut(int i) {
            int left = status[i] & ERRORS;
            status[i] |= TIMED_OUT;
            status[i] -= left == 0 ? 0 : ERROR;
            if (left == ERROR) {
                stall(i);
            }
        }

        private boolean stalls(int i) {
            if (pid[i] == SETUP) {
                boolean takes = length[i] == 8;
                if (takes) {
                    answer = known[i] ? DESCRIPTOR : new byte[0];
                    given = 0;
                }
                return !takes || !known[i];
            }
            return endpoint[i] != 0 || pid[i] == OUT && length[i] > 0;
        }

        private void done(int i) {
            int moved = pid[i] == IN ? Math.min(length[i], answer.length - given) : length[i];
            if (pid[i] == IN) {
                System.arraycopy(answer, given, buffer[i], 0, moved);
                given += moved;
            }
            status[i] = status[i] & ~(ACTIVE | NAK | 0x7ff) | moved - 1 & 0x7ff;
            tell(i);
            advanced = pid[i] != IN || moved == length[i] || (status[i] & SPD) == 0;
            events |= advanced ? 0 : 1;
        }
    }

    // ---- drawing --------------------------------------------------------------------------------

    private void draw(Model model, int i, RandomStream random) {
        int last = COUNT / QUEUES - 1;
        model.next[i] = i % (last + 1) == last ? 1
                : at(i + 1) | (random.oneIn(3) ? 0 : DEPTH_FIRST);
        int kind = random.nextInt(8);
        model.pid[i] = kind < 2 ? SETUP : kind < 7 ? IN : OUT;
        model.address[i] = random.oneIn(8) ? 2 : 1;
        model.endpoint[i] = random.oneIn(6) ? 1 + random.nextInt(4) : 0;
        model.known[i] = !random.oneIn(5);
        model.length[i] = model.pid[i] == SETUP && !random.oneIn(6) ? 8
                : model.pid[i] == OUT && !random.oneIn(3) ? 0
                : LENGTHS[random.nextInt(LENGTHS.length)];
        model.status[i] = ACTIVE | random.nextInt(4) << 27 | (random.oneIn(3) ? IOC : 0)
                | (random.oneIn(3) ? SPD : 0) | (random.oneIn(8) ? ISOCHRONOUS : 0);
        long bytes = model.known[i] ? 0x0012_0000_0100_0680L : 0xffffL;
        model.buffer[i] = new byte[0x100];
        Arrays.fill(model.buffer[i], (byte) 0x5a);
        for (int b = 0; b < 8 && model.pid[i] == SETUP; b++) {
            model.buffer[i][b] = (byte) (bytes >>> 8 * b);
        }
        m.transfer(i, model.next[i], model.pid[i], model.address[i], model.endpoint[i],
                model.length[i], 0);
        m.memory.write32(at(i) + 4, model.status[i]);
        m.memory.write(DATA + 0x100 * i, model.buffer[i], 0, 0x100);
    }

    private void element(Model model, int queue, long element) {
        model.element[queue] = element;
        m.memory.write32(QUEUE + 0x10 * queue + 4, (int) element);
    }

    private void check(Model model, int frame) {
        for (int q = 0; q < QUEUES; q++) {
            assertThat(m.memory.read32(QUEUE + 0x10 * q + 4)).as("frame %d, queue %d", frame, q)
                    .isEqualTo((int) model.element[q]);
        }
        for (int i = 0; i < COUNT; i++) {
            assertThat(m.status(at(i))).as("frame %d, transfer %d", frame, i)
                    .isEqualTo(model.status[i]);
            byte[] there = new byte[0x100];
            m.memory.read(DATA + 0x100 * i, there, 0, 0x100);
            assertThat(there).as("frame %d, data %d", frame, i).isEqualTo(model.buffer[i]);
        }
        assertThat(m.read(STS)).as("frame %d, events", frame).isEqualTo(model.events);
    }

    /** Software draws transfers anew while the controller goes through them, and clears events. */
    @Seeds(count = 40)
    void transfersEndAsTheGuideSays(long seed) {
        var random = new RandomStream(seed, "transfers");
        var model = new Model();
        m.queue(QUEUE, QUEUE + 0x10 | 2, 1);
        m.queue(QUEUE + 0x10, 1, 1);
        m.start(QUEUE | 2);
        for (int i = 0; i < COUNT; i++) {
            draw(model, i, random);
        }
        for (int frame = 0; frame < 120; frame++) {
            if (frame % 6 == 0) {
                int queue = random.nextInt(QUEUES);
                int first = queue * COUNT / QUEUES;
                for (int i = first; i < first + COUNT / QUEUES; i++) {
                    draw(model, i, random);
                }
                element(model, queue, at(first));
            }
            m.frames(1);
            model.frame();
            check(model, frame);
            m.write(STS, 3);
            model.events = 0;
        }
    }

    // ---- lengths and time -----------------------------------------------------------------------

    /** From 500h to 7FEh no length is one; 7FFh is none at all. */
    @ParameterizedTest
    @CsvSource({"0x000, false", "0x4ff, false", "0x500, true", "0x501, true", "0x600, true",
        "0x7fe, true", "0x7ff, false"})
    void lengthsThatAreNoneHaltIt(String length, boolean halts) {
        m.queue(QUEUE, 1, m.transfer(0, 1, IN, 1, 0, Integer.decode(length) + 1, 0));
        m.start(QUEUE | 2);
        m.frames(1);
        assertThat(m.read(STS)).as("process error, halted").isEqualTo(halts ? 0x30 : 0);
        assertThat(m.status(TRANSFERS) & ACTIVE).isEqualTo(halts ? ACTIVE : 0);
        assertThat(m.status(TRANSFERS) & 0x7ff).isEqualTo(halts ? 0 : 0x7ff);
    }

    /** So many packets without data have their place in a frame; the next one goes on with them. */
    @Test
    void aFrameHasRoomForSoManyPackets() {
        int all = 200;
        for (int i = 0; i < all; i++) {
            m.transfer(i, i < all - 1 ? at(i + 1) | DEPTH_FIRST : 1, OUT, 1, 0, 0, 0);
        }
        m.queue(QUEUE, 1, TRANSFERS);
        m.start(QUEUE | 2);
        for (int frame = 1; frame <= 3; frame++) {
            m.frames(1);
            for (int i = 0; i < all; i++) {
                assertThat(m.status(at(i)) & ACTIVE).as("frame %d, transfer %d", frame, i)
                        .isEqualTo(i < 80 * frame ? 0 : ACTIVE);
            }
        }
        assertThat(m.memory.read32(QUEUE + 4)).isEqualTo(1);
    }

    /** One that is done and is to be told of is told of each time that it is met. */
    @ParameterizedTest
    @ValueSource(ints = {0, IOC})
    void whatIsInactiveIsPassedByAndMayBeToldOf(int bits) {
        m.queue(QUEUE, 1, m.transfer(0, 1, IN, 1, 0, 8, bits));
        m.memory.write32(TRANSFERS + 4, bits);
        m.start(QUEUE | 2);
        for (int frame = 0; frame < 3; frame++) {
            m.frames(1);
            assertThat(m.read(STS)).isEqualTo(bits == 0 ? 0 : 1);
            m.write(STS, 1);
        }
        assertThat(m.status(TRANSFERS)).isEqualTo(bits);
    }

    /** Transfers may stand in a frame without a queue: all of them are tried, done or not. */
    @Test
    void transfersWithoutAQueueAreTriedOneByOne() {
        m.transfer(0, at(1), IN, 1, 3, 8, 0);
        m.transfer(1, at(2), IN, 9, 0, 8, 0);
        m.transfer(2, at(3), OUT, 1, 0, 0, 0);
        m.transfer(3, 1, OUT, 1, 0, 0, IOC);
        m.start(TRANSFERS);
        m.frames(1);
        assertThat(m.status(at(0)) & (ACTIVE | NAK)).isEqualTo(ACTIVE | NAK);
        assertThat(m.status(at(1)) & (ACTIVE | TIMED_OUT)).isEqualTo(ACTIVE | TIMED_OUT);
        assertThat(m.status(at(2)) & (ACTIVE | 0x7ff)).isEqualTo(0x7ff);
        assertThat(m.status(at(3)) & ACTIVE).isZero();
        assertThat(m.read(STS)).isEqualTo(1);
    }
}
