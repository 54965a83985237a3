// SPDX-License-Identifier: Apache-2.0
package iommu.api.trace;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import iommu.api.sim.EventQueue;
import iommu.api.sim.RandomStream;
import iommu.api.trace.Trace.Level;
import iommu.testkit.seeds.Seeds;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What a trace keeps at its two levels, under which ids, and whom it tells. */
class TraceTest {

    private static final int NIC = 0x100;

    private final EventQueue clock = new EventQueue();
    private final Trace trace = new Trace();

    @BeforeEach
    void begin() {
        trace.begin(Level.KEEP, clock);
    }

    private int write(long bus, int bytes) {
        return trace.append(EventKind.DMA_WRITE, NIC, bus,
                DmaOutcome.passed(bus, bytes, true, true, false));
    }

    // ---- level KEEP -----------------------------------------------------------------------------

    @Test
    void anEventIsKeptWithAllItsParts() {
        clock.advance(70);
        int step = trace.append(EventKind.STEP, Trace.NOBODY, 0, 0, "start clean");
        int before = trace.enter(step);
        clock.advance(5);
        int write = trace.append(EventKind.REGISTER_WRITE, 2, 0x4_0000_0018L, -1);
        trace.leave(before);
        assertThat(trace.event(step)).isEqualTo(new Event(1, 70, EventKind.STEP, Trace.NOBODY, 0,
                0, 0, "start clean"));
        assertThat(trace.event(write)).isEqualTo(new Event(2, 75, EventKind.REGISTER_WRITE, 2, 1,
                0x4_0000_0018L, -1, null));
    }

    @ParameterizedTest
    @EnumSource(EventKind.class)
    void everyKindIsReadBackAsItWasAppended(EventKind kind) {
        int id = trace.append(kind, 7);
        assertThat(trace.kind(id)).isSameAs(kind);
        assertThat(trace.event(id).kind()).isSameAs(kind);
        assertThat(trace.event(id).a() | trace.event(id).b()).isZero();
    }

    @Test
    void idsAreCountedFromOne() {
        assertThat(trace.size()).isEqualTo(1);
        for (int id = 1; id <= 10; id++) {
            assertThat(trace.append(EventKind.REQUEST, NIC)).isEqualTo(id);
        }
        assertThat(trace.size()).isEqualTo(11);
        assertThat(trace.keeps()).isTrue();
    }

    @ParameterizedTest
    @ValueSource(ints = {0, -1, 3, 1023, 1024, Integer.MAX_VALUE})
    void anIdOfNoEventIsRefusedWithItsNumber(int id) {
        write(0, 1);
        write(0, 1);
        assertThatThrownBy(() -> trace.event(id)).isInstanceOf(IndexOutOfBoundsException.class)
                .hasMessage("event " + id + " of 2");
    }

    @Test
    void equalWritesAreEventsOfTheirOwnWhereAllAreKept() {
        assertThat(List.of(write(0x1000, 64), write(0x1000, 64), write(0x1000, 64)))
                .containsExactly(1, 2, 3);
    }

    /** The first room is for 1023 events; it doubles. */
    @ParameterizedTest
    @ValueSource(ints = {1022, 1023, 1024, 2047, 2048, 50_000})
    void moreRoomKeepsWhatWasThere(int events) {
        for (int i = 1; i <= events; i++) {
            clock.advance(3);
            trace.leave(0);
            trace.enter(i / 2);
            trace.append(EventKind.MAP, i, -i, 5L * i, i % 100 == 0 ? "detail " + i : null);
        }
        for (int i = 1; i <= events; i++) {
            assertThat(trace.event(i)).isEqualTo(new Event(i, 3L * i, EventKind.MAP, i, i / 2, -i,
                    5L * i, i % 100 == 0 ? "detail " + i : null));
        }
    }

    @Test
    void beyondTheMostThatIsKeptSinksAreStillTold() {
        var told = new long[1];
        trace.addSink((id, kind, actor, a, b, detail) -> told[0] += id == 0 ? 1 : 0);
        for (int i = 1; i < Trace.MAX_KEPT; i++) {
            if (trace.append(EventKind.MESSAGE, NIC, i, 0) != i) {
                throw new AssertionError("event " + i);
            }
        }
        assertThat(told[0]).isZero();
        assertThat(trace.append(EventKind.MESSAGE, NIC)).isZero();
        assertThat(trace.append(EventKind.DMA_READ, NIC)).isZero();
        assertThat(told[0]).isEqualTo(2);
        assertThat(trace.size()).isEqualTo(Trace.MAX_KEPT);
        assertThat(trace.event(Trace.MAX_KEPT - 1).a()).isEqualTo(Trace.MAX_KEPT - 1);
    }

    // ---- level COUNT ----------------------------------------------------------------------------

    @ParameterizedTest
    @EnumSource(EventKind.class)
    void countingKeepsOnlyWhatStandsBehindWrites(EventKind kind) {
        trace.begin(Level.COUNT, clock);
        boolean kept = kind == EventKind.PHASE || kind == EventKind.UNIT_WRITES
                || kind == EventKind.DMA_WRITE;
        assertThat(trace.append(kind, NIC, 1, 2)).isEqualTo(kept ? 1 : 0);
        assertThat(trace.size()).isEqualTo(kept ? 2 : 1);
        assertThat(trace.keeps()).isFalse();
    }

    @Test
    void equalWritesShareOneEventWithTheInstantOfTheLast() {
        trace.begin(Level.COUNT, clock);
        clock.advance(10);
        int first = write(0x1000, 64);
        clock.advance(10);
        int other = write(0x1040, 64);
        clock.advance(10);
        assertThat(write(0x1000, 64)).isEqualTo(first);
        assertThat(trace.event(first).nanos()).isEqualTo(30);
        assertThat(trace.event(other).nanos()).isEqualTo(20);
        assertThat(trace.size()).isEqualTo(3);
    }

    @Test
    void writesThatDifferInAnyPartAreApart() {
        trace.begin(Level.COUNT, clock);
        List<Integer> ids = new ArrayList<>();
        ids.add(trace.append(EventKind.DMA_WRITE, NIC, 0x1000, 5));
        ids.add(trace.append(EventKind.DMA_WRITE, NIC + 1, 0x1000, 5));
        ids.add(trace.append(EventKind.DMA_WRITE, NIC, 0x1001, 5));
        ids.add(trace.append(EventKind.DMA_WRITE, NIC, 0x1000, 6));
        ids.add(trace.append(EventKind.DMA_WRITE, NIC, 5, 0x1000));
        assertThat(ids).containsExactly(1, 2, 3, 4, 5);
    }

    @Test
    void phasesAndWritesOfUnitsAreNeverShared() {
        trace.begin(Level.COUNT, clock);
        assertThat(trace.append(EventKind.PHASE, Trace.NOBODY, 1, 0)).isEqualTo(1);
        assertThat(trace.append(EventKind.PHASE, Trace.NOBODY, 1, 0)).isEqualTo(2);
        assertThat(trace.append(EventKind.UNIT_WRITES, 0)).isEqualTo(3);
        assertThat(trace.append(EventKind.UNIT_WRITES, 0)).isEqualTo(4);
    }

    /** The table of writes begins with 2048 slots and doubles when it is half full. */
    @ParameterizedTest
    @ValueSource(ints = {1023, 1024, 1025, 2049, 30_000})
    void aRingThatGoesRoundTakesNoMoreRoomHoweverLongItIs(int length) {
        trace.begin(Level.COUNT, clock);
        for (int round = 0; round < 3; round++) {
            for (int i = 0; i < length; i++) {
                clock.advance(1);
                assertThat(write(64L * i, 64)).isEqualTo(i + 1);
            }
        }
        assertThat(trace.size()).isEqualTo(length + 1);
        assertThat(trace.event(1).nanos()).as("of the last round").isEqualTo(2L * length + 1);
        assertThat(trace.event(length).nanos()).isEqualTo(3L * length);
    }

    /** Most writes come in the order in which they came first; none depends on it. */
    @Seeds
    void equalWritesShareOneEventInAnyOrder(long seed) {
        trace.begin(Level.COUNT, clock);
        var random = new RandomStream(seed, "order of writes");
        Map<Integer, Integer> ids = new HashMap<>();
        int next = 0;
        for (int i = 0; i < 5000; i++) {
            next = random.oneIn(4) ? random.nextInt(600) : (next + 1) % 600;
            if (random.oneIn(50)) { // one of another kind, with the numbers of the next write
                trace.append(EventKind.PHASE, NIC, 64L * (next + 1), 64);
            }
            int id = write(64L * next, 64);
            assertThat(ids.merge(next, id, (before, now) -> before)).isEqualTo(id);
            assertThat(trace.kind(id)).isEqualTo(EventKind.DMA_WRITE);
        }
        assertThat(new HashSet<>(ids.values())).hasSameSizeAs(ids.keySet());
    }

    // ---- sinks ----------------------------------------------------------------------------------

    @ParameterizedTest
    @EnumSource(Level.class)
    void sinksHearEveryEventInTheOrderInWhichTheyWereAdded(Level level) {
        trace.begin(level, clock);
        List<String> heard = new ArrayList<>();
        trace.addSink((id, kind, actor, a, b, detail) ->
                heard.add("one " + kind + " " + actor + " " + a + " " + b + " " + detail));
        trace.append(EventKind.DMA_READ, NIC, 1, 2);
        trace.addSink((id, kind, actor, a, b, detail) -> heard.add("two " + kind));
        trace.append(EventKind.CONSOLE, Trace.NOBODY, 3, 4, "line");
        trace.append(EventKind.DMA_WRITE, NIC, 5, 6);
        trace.append(EventKind.DMA_WRITE, NIC, 5, 6);
        assertThat(heard).containsExactly("one DMA_READ 256 1 2 null",
                "one CONSOLE -1 3 4 line", "two CONSOLE", "one DMA_WRITE 256 5 6 null",
                "two DMA_WRITE", "one DMA_WRITE 256 5 6 null", "two DMA_WRITE");
    }

    @ParameterizedTest
    @EnumSource(Level.class)
    void aSinkIsToldTheIdThatTheAppenderGets(Level level) {
        trace.begin(level, clock);
        List<Integer> told = new ArrayList<>();
        trace.addSink((id, kind, actor, a, b, detail) -> told.add(id));
        List<Integer> got = new ArrayList<>();
        for (EventKind kind : EventKind.values()) {
            got.add(trace.append(kind, NIC));
            got.add(trace.append(kind, NIC));
        }
        assertThat(told).isEqualTo(got);
    }

    @Test
    void aSinkMayReadTheEventThatItIsTold() {
        List<Object> details = new ArrayList<>();
        trace.addSink((id, kind, actor, a, b, detail) -> details.add(trace.event(id).detail()));
        trace.append(EventKind.PANIC, Trace.NOBODY, 0, 0, "not syncing");
        assertThat(details).containsExactly("not syncing");
    }

    // ---- the next run ---------------------------------------------------------------------------

    @ParameterizedTest
    @EnumSource(Level.class)
    void aNewRunKnowsNothingOfTheOneBefore(Level level) {
        trace.begin(Level.COUNT, clock);
        List<EventKind> heard = new ArrayList<>();
        trace.addSink((id, kind, actor, a, b, detail) -> heard.add(kind));
        for (int i = 0; i < 3000; i++) {
            write(64L * i, 64);
        }
        trace.enter(trace.append(EventKind.PHASE, Trace.NOBODY, 0, 0, "gone"));
        trace.acting(NIC);
        heard.clear();
        var next = new EventQueue();
        next.advance(1_000_000);
        trace.begin(level, next);
        assertThat(trace.size()).isEqualTo(1);
        assertThat(trace.parent()).isZero();
        assertThat(trace.acting()).isEqualTo(Trace.NOBODY);
        assertThat(write(64, 64)).as("not the id of the run before").isEqualTo(1);
        assertThat(trace.event(1)).isEqualTo(new Event(1, 1_000_000, EventKind.DMA_WRITE, NIC, 0,
                64, DmaOutcome.passed(64, 64, true, true, false), null));
        assertThat(heard).as("sinks are forgotten").isEmpty();
    }
}
