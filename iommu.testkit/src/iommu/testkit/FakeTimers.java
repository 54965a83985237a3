// SPDX-License-Identifier: Apache-2.0
package iommu.testkit;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.function.LongConsumer;

/** What a fake kernel has put off. One thread. */
final class FakeTimers {

    private record Timer(long nanos, Runnable act) { }

    private final List<Timer> timers = new ArrayList<>();

    /** Puts something off to an instant. */
    void add(long nanos, Runnable act) {
        timers.add(new Timer(nanos, act));
    }

    /**
     * Does what is due by an instant, the earliest first, and what that puts off likewise.
     *
     * @param clock is set to the instant of each before it is done
     */
    void run(long end, LongConsumer clock) {
        for (Timer next = next(end); next != null; next = next(end)) {
            timers.remove(next);
            clock.accept(next.nanos);
            next.act.run();
        }
    }

    private Timer next(long end) {
        return timers.stream().filter(t -> t.nanos <= end)
                .min(Comparator.comparingLong(Timer::nanos)).orElse(null);
    }
}
