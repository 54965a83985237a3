// SPDX-License-Identifier: Apache-2.0
package iommu.api.memory;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * Memory as an observer sees it that does not snoop the caches of processors, or sits before a
 * write buffer: a line that a processor wrote reads as it was before, until the processor flushes
 * it and, with a write buffer, the buffer is drained too. A device's write to a line lets it
 * through as a whole.
 *
 * <p>Caches hold {@link #MAX_LINES}; the line written first leaves them when there are more. One
 * thread; reading allocates nothing.
 */
public final class LateView {

    /** Most lines that are kept back: 1 MiB. */
    public static final int MAX_LINES = 1 << 14;

    private static final VarHandle LONG = MethodHandles
            .byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN)
            .withInvokeExactBehavior();
    private static final int LINE = PhysicalMemory.LINE_BYTES;
    private static final long FREE = -1;
    private static final int FIRST_LINES = 64;

    private final PhysicalMemory memory;
    private final boolean buffered;
    /** Line numbers by place, {@link #FREE} where none is kept; places are taken in turn. */
    private long[] line = new long[FIRST_LINES];
    private boolean[] flushed = new boolean[FIRST_LINES];
    private byte[] before = new byte[FIRST_LINES * LINE];
    /** Open addressing: place + 1 by hash of the line number, 0 for none. */
    private int[] index = new int[256];
    private int next;
    private int kept;

    LateView(PhysicalMemory memory, boolean buffered) {
        this.memory = memory;
        this.buffered = buffered;
        Arrays.fill(line, FREE);
    }

    /** Returns whether a write buffer keeps flushed lines back until it is drained. */
    boolean isBuffered() {
        return buffered;
    }

    /** Returns whether nothing is kept back: the view is memory itself. */
    public boolean isCurrent() {
        return kept == 0;
    }

    /** Returns the 64 bits at {@code address} as the observer sees them. */
    public long read64(long address) {
        int place = kept == 0 ? -1 : find(address / LINE);
        return place < 0 ? memory.read64(address)
                : (long) LONG.get(before, place * LINE + (int) (address & LINE - 1));
    }

    private int slot(long number) {
        return (int) (number * 0x9e37_79b9_7f4a_7c15L >>> 40) & index.length - 1;
    }

    private int find(long number) {
        for (int slot = slot(number); index[slot] != 0; slot = slot + 1 & index.length - 1) {
            int place = index[slot] - 1;
            if (line[place] == number) {
                return place;
            }
        }
        return -1;
    }

    /** Keeps a line as it is, before a processor writes to it; once is enough. */
    void keep(long address) {
        long number = address / LINE;
        int place = find(number);
        if (place >= 0) {
            flushed[place] = false;
            return;
        }
        place = place();
        memory.read(number * LINE, before, place * LINE, LINE);
        line[place] = number;
        flushed[place] = false;
        kept++;
        if (2 * kept > index.length) {
            index = new int[2 * index.length];
            rebuild();
        } else {
            enter(place);
        }
    }

    /** Returns a free place: the next one, with more room as long as there may be more. */
    private int place() {
        if (kept == 0) {
            next = 0;
        } else if (next == line.length && next < MAX_LINES) {
            line = Arrays.copyOf(line, 2 * next);
            Arrays.fill(line, next, 2 * next, FREE);
            flushed = Arrays.copyOf(flushed, 2 * next);
            before = Arrays.copyOf(before, 2 * next * LINE);
        } else if (next == line.length) {
            next = 0;
        }
        if (line[next] != FREE) {
            release(line[next]);
        }
        return next++;
    }

    private void enter(int place) {
        int slot = slot(line[place]);
        while (index[slot] != 0) {
            slot = slot + 1 & index.length - 1;
        }
        index[slot] = place + 1;
    }

    private void rebuild() {
        Arrays.fill(index, 0);
        for (int place = 0; place < line.length; place++) {
            if (line[place] != FREE) {
                enter(place);
            }
        }
    }

    /** Lets a line through. */
    void release(long number) {
        int place = kept == 0 ? -1 : find(number);
        if (place >= 0) {
            leave(place);
            line[place] = FREE;
            kept--;
            if (place == next - 1) {
                next = place;
            }
        }
    }

    /** Takes a place out of the index; those that had to step aside for it move up. */
    private void leave(int place) {
        int mask = index.length - 1;
        int hole = slot(line[place]);
        while (index[hole] != place + 1) {
            hole = hole + 1 & mask;
        }
        for (int at = hole + 1 & mask; index[at] != 0; at = at + 1 & mask) {
            int home = slot(line[index[at] - 1]);
            if ((at - home & mask) >= (at - hole & mask)) {
                index[hole] = index[at];
                hole = at;
            }
        }
        index[hole] = 0;
    }

    /** A processor flushes a line. */
    void flush(long number) {
        if (!buffered) {
            release(number);
            return;
        }
        int place = kept == 0 ? -1 : find(number);
        if (place >= 0) {
            flushed[place] = true;
        }
    }

    /**
     * Drains the write buffer.
     *
     * @param all whether the caches are snooped, so that nothing else keeps lines back
     */
    public void drain(boolean all) {
        for (int place = 0; place < line.length && kept > 0; place++) {
            if (line[place] != FREE && (all || flushed[place])) {
                line[place] = FREE;
                kept--;
            }
        }
        rebuild();
    }

    void clear() {
        Arrays.fill(line, FREE);
        Arrays.fill(index, 0);
        kept = 0;
        next = 0;
    }
}
