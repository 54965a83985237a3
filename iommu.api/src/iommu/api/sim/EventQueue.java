// SPDX-License-Identifier: Apache-2.0
package iommu.api.sim;

import java.lang.invoke.VarHandle;
import java.util.Arrays;
import java.util.concurrent.CancellationException;

/**
 * The clock and the pending events of one machine. Time is virtual, in nanoseconds since the
 * machine was switched on, and moves only through {@link #advance} and {@link #advanceTo}.
 *
 * <p>Events of the same instant run in the order in which they were scheduled, so a run depends on
 * nothing but its inputs. A 4-ary heap over parallel arrays: scheduling a prepared {@link Runnable}
 * allocates nothing. One thread.
 */
public final class EventQueue {

    /** Is told where each event begins and ends. */
    public interface Scope {

        /** An event begins; what is returned comes back at its end. */
        int begin();

        /** The event ended. */
        void end(int before);
    }

    private static final Scope NO_SCOPE = new Scope() {
        @Override
        public int begin() {
            return 0;
        }

        @Override
        public void end(int before) { }
    };
    private static final int ARITY = 4;

    private long now;
    private long sequence;
    private long[] times = new long[64];
    private long[] sequences = new long[64];
    private Runnable[] actions = new Runnable[64];
    private int size;
    private boolean running;
    private long ran;
    /** Set by another thread, and seen by this one soon enough. */
    private boolean cancelled;
    private Scope scope = NO_SCOPE;

    /** Has {@code listener} told of each event from now on; one listener. */
    public void scope(Scope listener) {
        scope = listener;
    }

    /** Returns the virtual time in nanoseconds. */
    public long nanos() {
        return now;
    }

    /**
     * Ends the machine: its thread meets a {@link CancellationException} at the next event. For
     * another thread.
     */
    public void cancel() {
        cancelled = true;
        VarHandle.fullFence();
    }

    /**
     * Returns a number that changes as long as the machine gets on: time passes, or events run. For
     * onlookers of another thread, who may see an old value.
     */
    public long progress() {
        return now + ran;
    }

    /** Returns the number of the event that is run, or was run last, from 1 on. */
    public long eventNumber() {
        return ran;
    }

    /** Returns whether an event is being run: time does not pass then. */
    public boolean inEvent() {
        return running;
    }

    /** Returns the number of events not yet run. */
    public int pending() {
        return size;
    }

    /**
     * Schedules {@code action}.
     *
     * @param delayNanos from now; 0 runs it at this instant, after the events already scheduled
     * @throws IllegalArgumentException if the delay is negative
     */
    public void schedule(long delayNanos, Runnable action) {
        if (delayNanos < 0) {
            throw new IllegalArgumentException("delay of " + delayNanos + " ns");
        }
        if (size == times.length) {
            times = Arrays.copyOf(times, size * 2);
            sequences = Arrays.copyOf(sequences, size * 2);
            actions = Arrays.copyOf(actions, size * 2);
        }
        siftUp(size++, now + delayNanos, sequence++, action);
    }

    /** Lets {@code nanos} of time pass, running what falls due. */
    public void advance(long nanos) {
        advanceTo(now + nanos);
    }

    /**
     * Moves the clock to {@code instant}, running every event that falls due on the way; an instant
     * in the past moves nothing.
     *
     * @throws IllegalStateException if called from within an event
     */
    public void advanceTo(long instant) {
        requireOutsideEvents();
        while (size > 0 && times[0] <= instant) {
            runFirst();
        }
        now = Math.max(now, instant);
    }

    /**
     * Runs the next event if it falls due by {@code limit}, else moves the clock to {@code limit}.
     *
     * @return whether an event ran
     * @throws IllegalStateException if called from within an event
     */
    public boolean step(long limit) {
        requireOutsideEvents();
        if (size > 0 && times[0] <= limit) {
            runFirst();
            return true;
        }
        now = Math.max(now, limit);
        return false;
    }

    private void requireOutsideEvents() {
        if (running) {
            throw new IllegalStateException("time moved from within an event");
        }
    }

    private void runFirst() {
        if (cancelled) {
            throw new CancellationException("machine cancelled");
        }
        running = true;
        ran++;
        int before = scope.begin();
        try {
            now = Math.max(now, times[0]);
            Runnable action = actions[0];
            removeFirst();
            action.run();
        } finally {
            scope.end(before);
            running = false;
        }
    }

    private void removeFirst() {
        size--;
        long time = times[size];
        long order = sequences[size];
        Runnable action = actions[size];
        actions[size] = null;
        if (size == 0) {
            return;
        }
        int at = 0;
        for (int child = firstOf(at); child >= 0; child = firstOf(at)) {
            if (!before(times[child], sequences[child], time, order)) {
                break;
            }
            move(child, at);
            at = child;
        }
        put(at, time, order, action);
    }

    private int firstOf(int parent) {
        int child = parent * ARITY + 1;
        if (child >= size) {
            return -1;
        }
        int best = child;
        for (int i = child + 1; i < Math.min(child + ARITY, size); i++) {
            if (before(times[i], sequences[i], times[best], sequences[best])) {
                best = i;
            }
        }
        return best;
    }

    private void siftUp(int from, long time, long order, Runnable action) {
        int at = from;
        while (at > 0) {
            int parent = (at - 1) / ARITY;
            if (!before(time, order, times[parent], sequences[parent])) {
                break;
            }
            move(parent, at);
            at = parent;
        }
        put(at, time, order, action);
    }

    private void move(int from, int to) {
        put(to, times[from], sequences[from], actions[from]);
    }

    private void put(int at, long time, long order, Runnable action) {
        times[at] = time;
        sequences[at] = order;
        actions[at] = action;
    }

    private static boolean before(long time, long order, long otherTime, long otherOrder) {
        return time < otherTime || time == otherTime && order < otherOrder;
    }
}
