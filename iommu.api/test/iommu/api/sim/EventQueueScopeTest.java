// SPDX-License-Identifier: Apache-2.0
package iommu.api.sim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import iommu.testkit.seeds.Seeds;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What onlookers learn of a queue: numbers of events, progress, where an event begins and ends. */
class EventQueueScopeTest {

    private final EventQueue clock = new EventQueue();
    private final List<String> told = new ArrayList<>();

    private EventQueue.Scope scope(String name) {
        return new EventQueue.Scope() {
            private int depth = 40;

            @Override
            public int begin() {
                told.add(name + " begins at " + clock.eventNumber());
                return ++depth;
            }

            @Override
            public void end(int before) {
                told.add(name + " ends with " + before);
            }
        };
    }

    @Test
    void aScopeIsToldOfEachEventAndGetsBackWhatItGave() {
        clock.scope(scope("s"));
        clock.schedule(5, () -> told.add("first"));
        clock.schedule(5, () -> told.add("second"));
        clock.advance(10);
        assertThat(told).containsExactly("s begins at 1", "first", "s ends with 41",
                "s begins at 2", "second", "s ends with 42");
    }

    @Test
    void timeThatPassesWithoutEventsIsNoBusinessOfAScope() {
        clock.scope(scope("s"));
        clock.schedule(50, () -> { });
        clock.advance(10);
        assertThat(clock.step(20)).isFalse();
        assertThat(told).isEmpty();
    }

    @Test
    void thereIsOneScopeTheLast() {
        clock.scope(scope("old"));
        clock.scope(scope("new"));
        clock.schedule(0, () -> { });
        clock.advance(0);
        assertThat(told).containsExactly("new begins at 1", "new ends with 41");
    }

    @Test
    void aScopeIsToldOfTheEndOfAnEventThatFails() {
        clock.scope(scope("s"));
        clock.schedule(3, () -> {
            throw new IllegalStateException("broken");
        });
        assertThatThrownBy(() -> clock.advance(5)).hasMessage("broken");
        assertThat(told).containsExactly("s begins at 1", "s ends with 41");
        assertThat(clock.inEvent()).isFalse();
        assertThat(clock.nanos()).as("the instant at which it failed").isEqualTo(3);
    }

    @Test
    void anEventKnowsItsNumberAndKeepsItUntilTheNext() {
        assertThat(clock.eventNumber()).isZero();
        List<Long> numbers = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            clock.schedule(10 - i, () -> numbers.add(clock.eventNumber()));
        }
        clock.advance(9);
        assertThat(clock.eventNumber()).isEqualTo(2);
        clock.advance(100);
        assertThat(numbers).containsExactly(1L, 2L, 3L);
        assertThat(clock.eventNumber()).isEqualTo(3);
    }

    @Test
    void schedulingIsNoProgress() {
        long before = clock.progress();
        clock.schedule(5, () -> { });
        assertThat(clock.progress()).isEqualTo(before);
        clock.advanceTo(0);
        assertThat(clock.progress()).isEqualTo(before);
    }

    @Test
    void eventsThatTakeNoTimeAreProgress() {
        long before = clock.progress();
        clock.schedule(0, () -> { });
        clock.advance(0);
        assertThat(clock.nanos()).isZero();
        assertThat(clock.progress()).isNotEqualTo(before);
    }

    @Seeds(count = 5)
    void progressOnlyGrowsAndGrowsWheneverSomethingHappens(long seed) {
        var random = new RandomStream(seed, "progress");
        for (int step = 0; step < 1000; step++) {
            long progress = clock.progress();
            long ran = clock.eventNumber();
            long now = clock.nanos();
            if (random.oneIn(2)) {
                clock.schedule(random.nextInt(20), () -> {
                    if (random.oneIn(4)) {
                        clock.schedule(random.nextInt(3), () -> { });
                    }
                });
            } else {
                clock.advance(random.nextInt(5));
            }
            boolean happened = clock.eventNumber() > ran || clock.nanos() > now;
            assertThat(clock.progress() > progress).isEqualTo(happened);
        }
    }

    /** The same seed gives the same events with the same numbers: why looks for one by its. */
    @Seeds(count = 3)
    void theSameProgramGivesTheSameNumbers(long seed) {
        assertThat(program(seed)).isEqualTo(program(seed)).isNotEmpty();
    }

    private static List<String> program(long seed) {
        var random = new RandomStream(seed, "numbers");
        var queue = new EventQueue();
        List<String> events = new ArrayList<>();
        for (int i = 0; i < 300; i++) {
            int name = i;
            queue.schedule(random.nextInt(50),
                    () -> events.add(queue.eventNumber() + " " + name + " " + queue.nanos()));
            if (random.oneIn(3)) {
                queue.advance(random.nextInt(30));
            }
        }
        queue.advance(50);
        assertThat(queue.eventNumber()).isEqualTo(300);
        assertThat(queue.pending()).isZero();
        return events;
    }
}
