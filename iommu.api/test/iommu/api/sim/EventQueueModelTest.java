// SPDX-License-Identifier: Apache-2.0
package iommu.api.sim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import iommu.testkit.seeds.Seeds;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/** The queue is a list that is sorted by instant, then by the order of scheduling. */
class EventQueueModelTest {

    private record Event(long instant, int order) { }

    private final EventQueue queue = new EventQueue();
    private final List<Event> waiting = new ArrayList<>();
    private final List<Event> ran = new ArrayList<>();
    private final List<Event> expected = new ArrayList<>();
    private RandomStream random;
    private long now;
    private int scheduled;

    private void schedule() {
        var event = new Event(queue.nanos() + random.nextInt(50), scheduled++);
        waiting.add(event);
        queue.schedule(event.instant() - queue.nanos(), () -> run(event));
    }

    private void run(Event event) {
        ran.add(event);
        assertThat(queue.nanos()).isEqualTo(event.instant());
        assertThat(queue.inEvent()).isTrue();
        assertThatIllegalStateException().isThrownBy(() -> queue.advance(1));
        waiting.remove(event);
        if (random.oneIn(3) && scheduled < 3000) {
            schedule();
        }
    }

    /** Returns the next event that is due by an instant, or null. */
    private Event first(long limit) {
        return waiting.stream().filter(e -> e.instant() <= limit)
                .min(Comparator.comparingLong(Event::instant).thenComparingInt(Event::order))
                .orElse(null);
    }

    @Seeds(count = 6)
    void itRunsWhatASortedListWouldRun(long seed) {
        random = new RandomStream(seed, "queue");
        for (int step = 0; step < 800; step++) {
            switch (random.nextInt(4)) {
                case 0, 1 -> schedule();
                case 2 -> {
                    long limit = now + random.nextInt(30) - 5;
                    Event first = first(limit);
                    assertThat(queue.step(limit)).isEqualTo(first != null);
                    if (first != null) {
                        expected.add(first);
                        assertThat(ran).last().isEqualTo(first);
                    }
                    now = Math.max(now, first == null ? limit : first.instant());
                }
                default -> {
                    long to = now + random.nextInt(40);
                    queue.advanceTo(to);
                    now = to;
                    assertThat(first(to)).as("due and not run").isNull();
                }
            }
            assertThat(queue.nanos()).isEqualTo(now);
            assertThat(queue.pending()).isEqualTo(waiting.size());
            assertThat(queue.inEvent()).isFalse();
        }
        assertThat(ran).isSortedAccordingTo(Comparator.comparingLong(Event::instant));
        assertThat(ran).doesNotHaveDuplicates().containsAll(expected);
    }

    /** What is scheduled at once, without anything in between, comes out sorted and stable. */
    @Seeds(count = 4)
    void whatIsScheduledAtOnceComesOutSorted(long seed) {
        random = new RandomStream(seed, "sorted");
        List<Event> all = new ArrayList<>();
        for (int i = 0; i < 1000; i++) {
            var event = new Event(random.nextInt(100), i);
            all.add(event);
            queue.schedule(event.instant(), () -> ran.add(event));
        }
        queue.advance(1000);
        all.sort(Comparator.comparingLong(Event::instant).thenComparingInt(Event::order));
        assertThat(ran).isEqualTo(all);
    }
}
