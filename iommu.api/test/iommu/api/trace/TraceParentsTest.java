// SPDX-License-Identifier: Apache-2.0
package iommu.api.trace;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import iommu.api.sim.EventQueue;
import iommu.api.sim.RandomStream;
import iommu.api.trace.Trace.Level;
import iommu.testkit.seeds.Seeds;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What an event happened because of: who has entered what, and what the clock runs. */
class TraceParentsTest {

    private final EventQueue clock = new EventQueue();
    private final Trace trace = new Trace();

    @BeforeEach
    void begin() {
        trace.begin(Level.KEEP, clock);
    }

    private int append(EventKind kind) {
        return trace.append(kind, Trace.NOBODY);
    }

    private int parentOf(int id) {
        return trace.event(id).parent();
    }

    @Test
    void whatIsEnteredIsTheParentUntilItIsLeft() {
        int phase = append(EventKind.PHASE);
        int outer = trace.enter(phase);
        int step = append(EventKind.STEP);
        int inner = trace.enter(step);
        int write = append(EventKind.REGISTER_WRITE);
        trace.leave(inner);
        int refused = append(EventKind.STEP_REFUSED);
        trace.leave(outer);
        int late = append(EventKind.CONSOLE);
        assertThat(List.of(phase, step, write, refused, late)).extracting(this::parentOf)
                .containsExactly(0, phase, step, phase, 0);
    }

    @Test
    void enteringAnEventThatIsNotKeptLeavesTheParentAsItIs() {
        trace.begin(Level.COUNT, clock);
        int phase = append(EventKind.PHASE);
        trace.enter(phase);
        int before = trace.enter(append(EventKind.STEP));
        assertThat(trace.parent()).isEqualTo(phase);
        assertThat(parentOf(append(EventKind.UNIT_WRITES))).isEqualTo(phase);
        trace.leave(before);
        assertThat(trace.parent()).isEqualTo(phase);
    }

    @Test
    void aSharedWriteKeepsTheParentOfTheFirst() {
        trace.begin(Level.COUNT, clock);
        int before = trace.enter(append(EventKind.PHASE));
        int first = trace.append(EventKind.DMA_WRITE, 8, 0x1000, 3);
        trace.leave(before);
        trace.enter(append(EventKind.PHASE));
        assertThat(trace.append(EventKind.DMA_WRITE, 8, 0x1000, 3)).isEqualTo(first);
        assertThat(parentOf(first)).isEqualTo(1);
    }

    @Test
    void whatTheClockRunsHasNoParent() {
        List<Integer> ids = new ArrayList<>();
        int step = append(EventKind.STEP);
        trace.enter(step);
        clock.schedule(10, () -> {
            ids.add(append(EventKind.REQUEST));
            trace.enter(ids.get(0)); // and never leaves it
            ids.add(append(EventKind.DMA_READ));
        });
        clock.schedule(10, () -> ids.add(append(EventKind.FAULT_INTERRUPT)));
        clock.advance(20);
        ids.add(append(EventKind.REGISTER_WRITE));
        assertThat(ids).extracting(this::parentOf).containsExactly(0, ids.get(0), 0, step);
    }

    @Test
    void theParentComesBackEvenIfAnEventOfTheClockFails() {
        int step = append(EventKind.STEP);
        trace.enter(step);
        clock.schedule(1, () -> {
            trace.enter(append(EventKind.REQUEST));
            throw new IllegalStateException("broken device");
        });
        assertThatThrownBy(() -> clock.advance(1)).hasMessage("broken device");
        assertThat(trace.parent()).isEqualTo(step);
    }

    @Test
    void aClockOfTheRunBeforeIsReadNoMore() {
        clock.advance(5);
        var next = new EventQueue();
        trace.begin(Level.KEEP, next);
        next.advance(100);
        clock.advance(1);
        assertThat(trace.event(append(EventKind.PHASE)).nanos()).isEqualTo(100);
    }

    @Test
    void whoActsIsPutBackByWhoeverSetIt() {
        assertThat(trace.acting(0x100)).isEqualTo(Trace.NOBODY);
        assertThat(trace.acting(0x208)).isEqualTo(0x100);
        assertThat(trace.acting()).isEqualTo(0x208);
        trace.acting(0x100);
        assertThat(trace.acting(Trace.NOBODY)).isEqualTo(0x100);
    }

    /** Of events of one run a chain of parents leads ever further back. */
    @ParameterizedTest
    @EnumSource(Level.class)
    void parentsAreOlder(Level level) {
        trace.begin(level, clock);
        var random = new RandomStream(4, "older");
        for (int i = 0; i < 5000; i++) {
            int id = trace.append(EventKind.values()[random.nextInt(EventKind.values().length)],
                    random.nextInt(4), random.nextInt(4), 0);
            if (random.oneIn(3)) {
                trace.enter(id);
            }
        }
        for (int id = 1; id < trace.size(); id++) {
            assertThat(parentOf(id)).isLessThan(id);
        }
    }

    private static boolean isKept(EventKind kind, Level level) {
        return level == Level.KEEP || kind == EventKind.PHASE || kind == EventKind.UNIT_WRITES
                || kind == EventKind.DMA_WRITE;
    }

    @Seeds(count = 6)
    void aTraceIsAListOfWhatWasAppendedWithin(long seed) {
        for (Level level : Level.values()) {
            check(level, new RandomStream(seed, "list " + level));
        }
    }

    /** Runs a random program against a list, a stack, and at COUNT a map of writes. */
    private void check(Level level, RandomStream random) {
        var queue = new EventQueue();
        trace.begin(level, queue);
        List<Event> model = new ArrayList<>();
        Map<String, Integer> shared = new HashMap<>();
        Deque<int[]> entered = new ArrayDeque<>();
        int parent = 0;
        for (int step = 0; step < 4000; step++) {
            queue.advance(random.nextInt(3));
            if (random.oneIn(5) && !entered.isEmpty()) {
                int[] both = entered.pop();
                trace.leave(both[0]);
                parent = both[1];
                continue;
            }
            EventKind kind = EventKind.values()[random.nextInt(EventKind.values().length)];
            kind = random.oneIn(2) ? EventKind.DMA_WRITE : kind;
            long a = random.nextInt(20);
            String key = kind == EventKind.DMA_WRITE && level == Level.COUNT ? "at " + a : null;
            int expected = !isKept(kind, level) ? 0
                    : shared.getOrDefault(String.valueOf(key), model.size() + 1);
            int id = trace.append(kind, 3, a, ~a);
            assertThat(id).isEqualTo(expected);
            if (expected > 0) {
                int because = expected > model.size() ? parent
                        : model.get(expected - 1).parent();
                var event = new Event(id, queue.nanos(), kind, 3, because, a, ~a, null);
                if (expected > model.size()) {
                    model.add(event);
                } else {
                    model.set(expected - 1, event);
                }
                if (key != null) {
                    shared.put(key, expected);
                }
            }
            if (random.oneIn(4) && entered.size() < 10) {
                entered.push(new int[] {trace.enter(id), parent});
                parent = id == 0 ? parent : id;
            }
            assertThat(trace.parent()).isEqualTo(parent);
        }
        for (int id = 1; id < trace.size(); id++) {
            assertThat(trace.event(id)).isEqualTo(model.get(id - 1));
        }
        assertThat(trace.size()).isEqualTo(model.size() + 1);
    }
}
