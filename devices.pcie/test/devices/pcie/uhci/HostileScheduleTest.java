// SPDX-License-Identifier: Apache-2.0
package devices.pcie.uhci;

import static devices.pcie.uhci.UhciMachine.CMD;
import static devices.pcie.uhci.UhciMachine.FLBASE;
import static devices.pcie.uhci.UhciMachine.FRAMES;
import static devices.pcie.uhci.UhciMachine.FRNUM;
import static devices.pcie.uhci.UhciMachine.LEGSUP;
import static devices.pcie.uhci.UhciMachine.MILLI;
import static devices.pcie.uhci.UhciMachine.QUEUE;
import static devices.pcie.uhci.UhciMachine.STS;
import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.sim.RandomStream;
import iommu.testkit.Request;
import iommu.testkit.seeds.Seeds;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Schedules that nobody would write: a frame ends all the same, and a reset cures what it did. */
class HostileScheduleTest {

    private static final long POOL = 0x20000;
    private static final int POOL_LINES = 48;
    /** Queues and transfers that are looked at, and as many packets as a frame has room for. */
    private static final int MOST_REQUESTS = 1 + 2 * 256 + 80 * 8;
    private static final int[] PIDS = {0x69, 0x69, 0xe1, 0x2d, 0x69};
    private static final int ACTIVE = 1 << 23;

    /** A link into the pool, seldom one to where nothing is or to the end. */
    private static long link(RandomStream random) {
        long to = random.oneIn(60) ? 0xffff_fff0L : random.oneIn(60) ? 0x1234_5670L
                : POOL + 16 * random.nextInt(POOL_LINES);
        return to | random.nextInt(4) << 1 | (random.oneIn(20) ? 1 : 0);
    }

    /** Lines of the pool are queues and transfers at once, as links to them say. */
    private static void fill(UhciMachine m, RandomStream random) {
        for (int i = 0; i < POOL_LINES; i++) {
            long at = POOL + 16 * i;
            m.memory.write32(at, (int) link(random));
            long second = random.oneIn(2) ? link(random)
                    : random.nextInt(1 << 30) | (random.oneIn(2) ? ACTIVE : 0);
            m.memory.write32(at + 4, (int) second);
            m.memory.write32(at + 8, PIDS[random.nextInt(PIDS.length)] | random.nextInt(3) << 8
                    | random.nextInt(4) << 15 | random.nextInt(0x500) << 21);
            m.memory.write32(at + 12, (int) (POOL + random.nextInt(16 * POOL_LINES)));
        }
    }

    /** Rings, queues below queues, transfers that are overwritten by their own data. */
    @Seeds(count = 60)
    void anyFrameEnds(long seed) {
        var random = new RandomStream(seed, "hostile");
        var m = new UhciMachine(Map.of("reportNanos", (long) random.nextInt(2)));
        fill(m, random);
        m.start(link(random) & ~1);
        for (int frame = 0; frame < 40; frame++) {
            boolean ran = (m.read(CMD) & 1) != 0;
            int number = m.read(FRNUM);
            m.root.clear();
            m.frames(1);
            assertThat(m.root.requests()).hasSizeLessThanOrEqualTo(MOST_REQUESTS);
            assertThat(m.read(FRNUM)).isEqualTo(ran ? number + 1 : number);
            boolean halted = (m.read(STS) & 0x20) != 0;
            assertThat((m.read(CMD) & 1) != 0).as("runs or is halted").isEqualTo(!halted);
            assertThat((m.read(STS) & 0x18) != 0).as("an error says why").isEqualTo(halted);
            if (!ran) {
                assertThat(m.root.requests()).isEmpty();
            }
        }
        m.write(CMD, 2);
        m.start(1);
        m.root.clear();
        m.frames(3);
        assertThat(m.root.requests()).as("cured").extracting(Request::address)
                .containsExactly(FRAMES, FRAMES + 4, FRAMES + 8);
    }

    /** What points to itself: a queue, its element, a transfer of none. */
    @ParameterizedTest
    @CsvSource({"0x11002, 0x00000001, 2", "0x11002, 0x11000, 257", "0x11002, 0x11002, 2",
        "0x11000, 0x00000000, 257", "0x11004, 0x00800000, 257"})
    void whatPointsToItselfEndsWithItsFrame(String link, String second, int most) {
        var m = new UhciMachine(Map.of());
        m.queue(QUEUE, Long.decode(link), Long.decode(second));
        m.memory.write32(QUEUE + 8, 0xe1 | 1 << 8 | 0x7ff << 21);
        m.start(Long.decode(link));
        m.root.clear();
        m.frames(1);
        assertThat(m.root.requests().stream().filter(r -> r.kind() == Request.Kind.READ))
                .hasSizeBetween(2, most);
        assertThat(m.read(STS) & 0x3e).as("goes on").isZero();
    }

    // ---- what a reset leaves --------------------------------------------------------------------

    private static String registers(UhciMachine m) {
        var all = new StringBuilder();
        for (int at = 0; at < 32; at += 2) {
            all.append(Integer.toHexString(m.read(at))).append(' ');
        }
        return all.toString();
    }

    private static void reset(UhciMachine m, String kind) {
        switch (kind) {
            case "HCRESET" -> m.write(CMD, 2);
            case "GRESET" -> {
                m.write(CMD, 4);
                m.write(CMD, 0);
            }
            default -> m.device.reset();
        }
    }

    /** Whatever was written and whatever ran: registers are as after any other reset. */
    @ParameterizedTest
    @ValueSource(strings = {"HCRESET", "GRESET", "function"})
    void aResetForgetsAll(String kind) {
        var random = new RandomStream(7, kind);
        var other = new UhciMachine(Map.of());
        reset(other, kind);
        for (int round = 0; round < 20; round++) {
            var m = new UhciMachine(Map.of("reportNanos", 1L));
            fill(m, random);
            m.start(link(random));
            m.frames(random.nextInt(5));
            for (int i = 0; i < 30; i++) {
                m.function.writeRegister(4, random.nextInt(16) * 2, 2,
                        random.nextLong() & ~6L);
            }
            int before = m.context.resets();
            reset(m, kind);
            assertThat(m.context.resets()).as("told of").isGreaterThan(before);
            assertThat(registers(m)).isEqualTo(registers(other));
            m.root.clear();
            m.frames(50);
            assertThat(m.root.requests()).isEmpty();
            assertThat(m.function.pinAsserted()).isFalse();
        }
    }

    // ---- legacy support -------------------------------------------------------------------------

    /** Random writes of any width beside the guide's table: traps are never hit here. */
    @Seeds
    void legacySupportKeepsToItsTable(long seed) {
        var random = new RandomStream(seed, "legsup");
        var m = new UhciMachine(Map.of());
        int writable = 0x20bf;
        int model = 0x2000;
        for (int i = 0; i < 300; i++) {
            int bytes = 1 << random.nextInt(3);
            int at = random.nextInt(4 / bytes) * bytes;
            int value = (int) random.nextLong();
            m.function.writeConfig(LEGSUP + at, bytes, value);
            int mask = (int) ((1L << 8 * bytes) - 1) << 8 * at & writable;
            model = model & ~mask | value << 8 * at & mask;
            assertThat(m.function.readConfig(LEGSUP, 4)).isEqualTo(model);
        }
    }

    /** Firmware hears of reports by its SMIs: taking any other bit away changes nothing. */
    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 3, 4})
    void firmwareStopsWithItsSmisAndNothingElse(int bit) {
        var m = new UhciMachine(Map.of("legacyUse", 1L, "reservedStart", 0x8_0000L,
                "reservedBytes", 0x2000L, "reportNanos", MILLI));
        assertThat(m.function.readConfig(LEGSUP, 2)).isEqualTo(0x1f);
        m.function.writeConfig(LEGSUP, 2, 0x1f & ~(1 << bit));
        m.queue.advance(100 * MILLI);
        boolean goesOn = bit != 4;
        assertThat((m.memory.read32(0x8_1024) & ACTIVE) != 0).as("made ready again")
                .isEqualTo(goesOn);
        assertThat(m.read(STS) & 1).as("and taken back").isEqualTo(goesOn ? 0 : 1);
        assertThat(m.function.readRegister(4, FLBASE, 4)).isEqualTo(0x8_0000);
        assertThat(m.function.pinAsserted()).as("the pin is not firmware's").isFalse();
    }
}
