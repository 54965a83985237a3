// SPDX-License-Identifier: Apache-2.0
package iommu.api.trace;

import iommu.api.sim.EventQueue;
import java.util.Arrays;

/**
 * What happened in one run, oldest first. Hardware and kernels append; sinks hear every event; what
 * is kept depends on the level.
 *
 * <p>Every event has a parent: what it happened because of. Whoever starts something that others
 * act within, a step, a register write, a request, {@link #enter}s its event and {@link #leave}s it
 * afterwards.
 *
 * <p>The id of an event serves memory as the cause of writes, so events that stand behind writes
 * are kept at every level. At level COUNT there is one of those for all equal writes, with the
 * instant of the last: they cover the same bytes, so nobody can tell the others any more, and a
 * ring that goes round for ever takes no more room. One thread; appending allocates nothing but,
 * now and then, room.
 */
public final class Trace implements EventQueue.Scope {

    /** The actor of what no function and no unit does. */
    public static final int NOBODY = -1;

    /**
     * Most events that are kept, some 200 MB: later ones are only told to sinks, but for those that
     * stand behind writes, which are kept as at level COUNT.
     */
    public static final int MAX_KEPT = 1 << 22;

    /** How much is kept. */
    public enum Level {
        /** What writes of memory refer to. */
        COUNT,
        /** Every event. */
        KEEP
    }

    private static final EventKind[] KINDS = EventKind.values();
    private static final int FIRST_ROOM = 1024;

    private Level level = Level.COUNT;
    private EventQueue clock = new EventQueue();
    private TraceSink[] sinks = {};
    private int parent;
    private int acting = NOBODY;
    private int size = 1;
    private byte[] kinds = new byte[FIRST_ROOM];
    private int[] actors = new int[FIRST_ROOM];
    private int[] parents = new int[FIRST_ROOM];
    private long[] nanos = new long[FIRST_ROOM];
    /** Of each event both numbers, one after the other. */
    private long[] numbers = new long[2 * FIRST_ROOM];
    private Object[] details = new Object[FIRST_ROOM];
    /** Open addressing over ids of DMA writes at level COUNT, 0 for none. */
    private int[] writes = new int[2 * FIRST_ROOM];
    private int distinctWrites;
    private int lastWrite;

    /** Forgets everything, sinks too, and begins a run. */
    public void begin(Level wanted, EventQueue time) {
        level = wanted;
        clock = time;
        clock.scope(this);
        sinks = new TraceSink[0];
        parent = 0;
        acting = NOBODY;
        Arrays.fill(details, 0, size, null);
        size = 1;
        lastWrite = 0;
        if (distinctWrites > 0) {
            Arrays.fill(writes, 0);
            distinctWrites = 0;
        }
    }

    /** Has every event from now on told to {@code sink}, after those that were there before. */
    public void addSink(TraceSink sink) {
        sinks = Arrays.copyOf(sinks, sinks.length + 1);
        sinks[sinks.length - 1] = sink;
    }

    /** Returns whether every event is kept. */
    public boolean keeps() {
        return level == Level.KEEP;
    }

    // ---- appending ------------------------------------------------------------------------------

    /** Appends an event without words. */
    public int append(EventKind kind, int actor) {
        return append(kind, actor, 0, 0, null);
    }

    /** Appends an event without detail. */
    public int append(EventKind kind, int actor, long a, long b) {
        return append(kind, actor, a, b, null);
    }

    /**
     * Appends an event whose parent is the one that was entered last.
     *
     * @param detail not to be changed afterwards
     * @return its id; 0 if it is not kept
     */
    public int append(EventKind kind, int actor, long a, long b, Object detail) {
        int id = level == Level.KEEP && size < MAX_KEPT ? add(kind, actor, a, b, detail)
                : standsBehindWrites(kind) ? add(kind, actor, a, b, detail)
                : kind == EventKind.DMA_WRITE ? write(actor, a, b) : 0;
        for (TraceSink sink : sinks) {
            sink.event(id, kind, actor, a, b, detail);
        }
        return id;
    }

    private static boolean standsBehindWrites(EventKind kind) {
        return kind == EventKind.PHASE || kind == EventKind.UNIT_WRITES;
    }

    private int add(EventKind kind, int actor, long a, long b, Object detail) {
        if (size == kinds.length) {
            grow();
        }
        kinds[size] = (byte) kind.ordinal();
        actors[size] = actor;
        parents[size] = parent;
        nanos[size] = clock.nanos();
        numbers[2 * size] = a;
        numbers[2 * size + 1] = b;
        details[size] = detail;
        return size++;
    }

    private void grow() {
        int room = 2 * size;
        kinds = Arrays.copyOf(kinds, room);
        actors = Arrays.copyOf(actors, room);
        parents = Arrays.copyOf(parents, room);
        nanos = Arrays.copyOf(nanos, room);
        numbers = Arrays.copyOf(numbers, 2 * room);
        details = Arrays.copyOf(details, room);
    }

    /**
     * Returns the one event of all equal writes, now with this instant. The writes of one request
     * were kept one after the other when it came first, and most come again in that order.
     */
    private int write(int actor, long a, long b) {
        int id = lastWrite + 1;
        if (id >= size || !isWrite(id, actor, a, b)) {
            id = find(actor, a, b);
        }
        lastWrite = id;
        nanos[id] = clock.nanos();
        return id;
    }

    private boolean isWrite(int id, int actor, long a, long b) {
        return numbers[2 * id] == a && numbers[2 * id + 1] == b && actors[id] == actor
                && kinds[id] == (byte) EventKind.DMA_WRITE.ordinal();
    }

    private int find(int actor, long a, long b) {
        int slot = slot(actor, a, b);
        while (writes[slot] != 0) {
            if (isWrite(writes[slot], actor, a, b)) {
                return writes[slot];
            }
            slot = slot + 1 & writes.length - 1;
        }
        int id = add(EventKind.DMA_WRITE, actor, a, b, null);
        writes[slot] = id;
        if (++distinctWrites > writes.length / 2) {
            rehash();
        }
        return id;
    }

    private void rehash() {
        int[] old = writes;
        writes = new int[2 * old.length];
        for (int id : old) {
            if (id != 0) {
                int slot = slot(actors[id], numbers[2 * id], numbers[2 * id + 1]);
                while (writes[slot] != 0) {
                    slot = slot + 1 & writes.length - 1;
                }
                writes[slot] = id;
            }
        }
    }

    private int slot(int actor, long a, long b) {
        long hash = (a ^ Long.rotateLeft(b, 23) ^ actor) * 0x9e37_79b9_7f4a_7c15L;
        return (int) (hash >>> 32) & writes.length - 1;
    }

    /**
     * Makes an event the parent of those that follow.
     *
     * @param id of the event; 0, one that is not kept, changes nothing
     * @return what {@link #leave} wants
     */
    public int enter(int id) {
        int before = parent;
        parent = id == 0 ? before : id;
        return before;
    }

    /** Ends what {@link #enter} began. */
    public void leave(int before) {
        parent = before;
    }

    /** What the clock runs happens because of nothing that is being done at that instant. */
    @Override
    public int begin() {
        int before = parent;
        parent = 0;
        return before;
    }

    @Override
    public void end(int before) {
        parent = before;
    }

    /** Returns the event that is being acted within, 0 for none. */
    public int parent() {
        return parent;
    }

    /**
     * Says which function a unit is working for.
     *
     * @return who it was before, to be put back
     */
    public int acting(int function) {
        int before = acting;
        acting = function;
        return before;
    }

    /** Returns the function that a unit is working for, {@link #NOBODY} for none. */
    public int acting() {
        return acting;
    }

    // ---- reading --------------------------------------------------------------------------------

    /** Returns one more than the highest id. */
    public int size() {
        return size;
    }

    /** Returns the kind of an event that was kept. */
    public EventKind kind(int id) {
        return KINDS[kinds[id]];
    }

    /**
     * Returns an event that was kept.
     *
     * @throws IndexOutOfBoundsException if there is none of this id
     */
    public Event event(int id) {
        if (id < 1 || id >= size) {
            throw new IndexOutOfBoundsException("event " + id + " of " + (size - 1));
        }
        return new Event(id, nanos[id], KINDS[kinds[id]], actors[id], parents[id],
                numbers[2 * id], numbers[2 * id + 1], details[id]);
    }
}
