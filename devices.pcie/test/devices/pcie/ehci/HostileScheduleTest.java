// SPDX-License-Identifier: Apache-2.0
package devices.pcie.ehci;

import static devices.pcie.ehci.EhciMachine.ASYNC;
import static devices.pcie.ehci.EhciMachine.CMD;
import static devices.pcie.ehci.EhciMachine.FRAMES;
import static devices.pcie.ehci.EhciMachine.HEADS;
import static devices.pcie.ehci.EhciMachine.MILLI;
import static devices.pcie.ehci.EhciMachine.STS;
import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.sim.RandomStream;
import iommu.testkit.Request;
import iommu.testkit.seeds.Seeds;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Schedules that nobody would write: each round ends, and a reset cures what it did. */
class HostileScheduleTest {

    private static final long POOL = 0x20000;
    private static final int POOL_LINES = 48;
    /** A round visits 64 queues; each reads its head and a transfer, moves a page, writes back. */
    private static final int MOST_REQUESTS = 1 + 64 * (2 * 2 + 2 * 17 + 3);
    private static final int ACTIVE = 0x80;

    private static long link(RandomStream random) {
        long to = random.oneIn(60) ? 0xffff_ffe0L : random.oneIn(60) ? 0x1234_5660L
                : POOL + 32 * random.nextInt(POOL_LINES);
        int type = random.oneIn(4) ? random.nextInt(4) : 1;
        return to | type << 1 | (random.oneIn(20) ? 1 : 0);
    }

    /** Heads and transfers overlap: a line is what a link to it says. */
    private static void fill(EhciMachine m, RandomStream random) {
        for (int i = 0; i < 2 * POOL_LINES + 4; i++) {
            long at = POOL + 16 * i;
            m.memory.write32(at, (int) link(random));
            m.memory.write32(at + 4, random.oneIn(2) ? (int) link(random)
                    : random.nextInt(3) | random.nextInt(4) << 8 | random.nextInt(16) << 12
                            | random.nextInt(2048) << 16);
            m.memory.write32(at + 8, random.oneIn(2) ? (int) link(random)
                    : (random.oneIn(2) ? ACTIVE : 0) | random.nextInt(3) << 8
                            | random.nextInt(1 << 22) << 10);
            m.memory.write32(at + 12, (int) (POOL + random.nextInt(32 * POOL_LINES)));
        }
    }

    private static EhciMachine started(RandomStream random) {
        var m = new EhciMachine(Map.of("reportNanos", (long) random.nextInt(2), "mediumNanos", 1L,
                "asyncNanos", 10_000L));
        fill(m, random);
        m.periodic(link(random) & ~1);
        m.write(ASYNC, link(random));
        m.write(CMD, 0x31);
        return m;
    }

    /** Both schedules at once; a step of the clock is a frame, a round, or a timer of a device. */
    @Seeds(count = 60)
    void anyRoundEnds(long seed) {
        var random = new RandomStream(seed, "hostile");
        var m = started(random);
        for (int i = 0; i < 300 && m.queue.pending() > 0; i++) {
            boolean ran = (m.read(STS) & 0x1000) == 0;
            m.root.clear();
            m.queue.step(Long.MAX_VALUE);
            assertThat(m.root.requests()).hasSizeLessThanOrEqualTo(MOST_REQUESTS);
            boolean halted = (m.read(STS) & 0x1000) != 0;
            assertThat((m.read(CMD) & 1) != 0).as("runs or is halted").isEqualTo(!halted);
            assertThat((m.read(STS) & 0x10) != 0).as("an error says why").isEqualTo(halted);
            if (!ran) {
                assertThat(m.root.requests()).isEmpty();
            }
        }
        m.write(CMD, 2);
        m.queue.advance(MILLI);
        m.periodic(1);
        assertThat(m.during(3 * MILLI)).as("cured").extracting(Request::address)
                .containsExactly(FRAMES, FRAMES + 4, FRAMES + 8);
    }

    /** In either schedule: a queue linked to itself, or one whose transfers are a ring of none. */
    @ParameterizedTest
    @CsvSource({"0x11002, 1, 0", "0x11002, 0x11000, 0", "0x11002, 0x12000, 0", "0x11000, 1, 0",
        "0x11002, 1, 1", "0x11002, 0x12000, 1"})
    void whatPointsToItselfEnds(String link, String next, int async) {
        var m = new EhciMachine(Map.of());
        m.head(0, Long.decode(link), 0, 64, 0, Long.decode(next));
        m.memory.write32(EhciMachine.TRANSFERS, (int) EhciMachine.TRANSFERS);
        if (async == 1) {
            m.asynchronous();
        } else {
            m.periodic(Long.decode(link));
        }
        assertThat(m.during(MILLI)).hasSizeBetween(1, 1 + 64 * 2);
        assertThat(m.read(STS) & 0x103f).as("goes on").isZero();
    }

    // ---- what a reset leaves --------------------------------------------------------------------

    private static String registers(EhciMachine m) {
        var all = new StringBuilder();
        for (int at = 0; at < 0x80; at += 4) {
            all.append(Integer.toHexString(m.read(at))).append(' ');
        }
        return all.toString();
    }

    private static void reset(EhciMachine m, String kind) {
        if (kind.equals("HCRESET")) {
            m.write(CMD, 2);
            m.queue.advance(MILLI);
        } else {
            m.device.reset();
        }
    }

    /** Whatever was written and whatever ran; a change of connection that was told stays told. */
    @ParameterizedTest
    @ValueSource(strings = {"HCRESET", "function"})
    void aResetForgetsAll(String kind) {
        var random = new RandomStream(7, kind);
        var other = new EhciMachine(Map.of());
        reset(other, kind);
        for (int round = 0; round < 20; round++) {
            EhciMachine m = started(random);
            m.queue.advance(random.nextInt(2_000_000));
            for (int i = 0; i < 30; i++) {
                m.function.writeRegister(0, 0x20 + random.nextInt(23) * 4, 4,
                        random.nextLong() & ~2L);
            }
            int before = m.context.resets();
            reset(m, kind);
            assertThat(m.context.resets()).as("told of").isGreaterThan(before);
            assertThat(registers(m)).isEqualTo(registers(other));
            assertThat(m.during(50 * MILLI)).isEmpty();
            assertThat(m.function.pinAsserted()).isFalse();
        }
    }

    /** From a state with both schedules busy, at any instant. */
    @Seeds
    void withoutTheBusNothingIsSent(long seed) {
        var random = new RandomStream(seed, "bus");
        var m = new EhciMachine(Map.of("asyncNanos", 10_000L));
        m.head(0, HEADS | 2, 0, 64, 1 << 15, 1);
        m.periodic(1);
        m.write(ASYNC, HEADS);
        m.write(CMD, 0x31);
        for (int i = 0; i < 20; i++) {
            assertThat(m.during(MILLI + random.nextInt(1_000_000))).isNotEmpty();
            m.function.writeConfig(4, 2, 2);
            assertThat(m.during(random.nextInt(5_000_000))).isEmpty();
            assertThat(m.read(STS) & 0xf000).as("it runs all the same").isEqualTo(0xc000);
            m.function.writeConfig(4, 2, 6);
        }
    }
}
