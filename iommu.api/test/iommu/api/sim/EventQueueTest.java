// SPDX-License-Identifier: Apache-2.0
package iommu.api.sim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import iommu.testkit.seeds.Seeds;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.junit.jupiter.api.Test;

class EventQueueTest {

    private final EventQueue queue = new EventQueue();
    private final List<String> ran = new ArrayList<>();

    private Runnable note(String name) {
        return () -> ran.add(name + "@" + queue.nanos());
    }

    @Test
    void eventsRunAtTheirInstants() {
        queue.schedule(30, note("c"));
        queue.schedule(10, note("a"));
        queue.schedule(20, note("b"));
        queue.advance(20);
        assertThat(ran).containsExactly("a@10", "b@20");
        assertThat(queue.nanos()).isEqualTo(20);
        assertThat(queue.pending()).isEqualTo(1);
        queue.advanceTo(100);
        assertThat(ran).endsWith("c@30");
        assertThat(queue.nanos()).isEqualTo(100);
    }

    @Test
    void eventsOfOneInstantRunInTheOrderTheyWereScheduled() {
        for (int i = 0; i < 100; i++) {
            queue.schedule(5, note("" + i));
        }
        queue.advance(5);
        for (int i = 0; i < 100; i++) {
            assertThat(ran.get(i)).isEqualTo(i + "@5");
        }
    }

    @Test
    void anEventMayScheduleOthersEvenForNow() {
        queue.schedule(10, () -> {
            ran.add("first");
            queue.schedule(0, note("second"));
            queue.schedule(5, note("third"));
        });
        queue.schedule(10, note("between"));
        queue.advance(20);
        assertThat(ran).containsExactly("first", "between@10", "second@10", "third@15");
    }

    @Test
    void anInstantInThePastMovesNothing() {
        queue.advanceTo(100);
        queue.schedule(0, note("now"));
        queue.advanceTo(50);
        assertThat(ran).isEmpty();
        queue.advance(0);
        assertThat(ran).containsExactly("now@100");
    }

    @Test
    void aStepRunsOneEventOrMovesTheClock() {
        queue.schedule(10, note("a"));
        queue.schedule(10, note("b"));
        assertThat(queue.step(15)).isTrue();
        assertThat(ran).containsExactly("a@10");
        assertThat(queue.step(15)).isTrue();
        assertThat(queue.step(15)).isFalse();
        assertThat(queue.nanos()).isEqualTo(15);
        assertThat(queue.step(3)).isFalse();
        assertThat(queue.nanos()).isEqualTo(15);
    }

    @Test
    void timeDoesNotPassWithinAnEvent() {
        queue.schedule(1, () -> {
            assertThat(queue.inEvent()).isTrue();
            assertThatIllegalStateException().isThrownBy(() -> queue.advance(1));
            assertThatIllegalStateException().isThrownBy(() -> queue.advanceTo(1000));
            assertThatIllegalStateException().isThrownBy(() -> queue.step(1000));
            ran.add("done");
        });
        queue.advance(5);
        assertThat(ran).containsExactly("done");
        assertThat(queue.inEvent()).isFalse();
    }

    @Test
    void anEventThatFailsLeavesAQueueThatGoesOn() {
        queue.schedule(1, () -> {
            throw new IllegalStateException("broken model");
        });
        queue.schedule(2, note("next"));
        assertThatIllegalStateException().isThrownBy(() -> queue.advance(5))
                .withMessage("broken model");
        queue.advance(5);
        assertThat(ran).containsExactly("next@2");
    }

    @Test
    void aNegativeDelayIsAMistake() {
        assertThatIllegalArgumentException().isThrownBy(() -> queue.schedule(-1, note("x")))
                .withMessageContaining("-1");
    }

    @Seeds(count = 3)
    void manyEventsAgreeWithASortedList(long seed) {
        RandomStream random = new RandomStream(seed, "events");
        record Event(long at, int number) { }
        List<Event> expected = new ArrayList<>();
        List<Event> seen = new ArrayList<>();
        for (int i = 0; i < 3000; i++) {
            Event event = new Event(queue.nanos() + random.nextInt(500), i);
            expected.add(event);
            queue.schedule(event.at() - queue.nanos(), () -> {
                assertThat(queue.nanos()).isEqualTo(event.at());
                seen.add(event);
            });
            if (random.oneIn(3)) {
                queue.advance(random.nextInt(20));
            }
        }
        queue.advance(1000);
        expected.sort(Comparator.comparingLong(Event::at).thenComparingInt(Event::number));
        assertThat(seen).isEqualTo(expected);
        assertThat(queue.pending()).isZero();
    }
}
