// SPDX-License-Identifier: Apache-2.0
package iommu.api.memory;

import java.util.Arrays;

/**
 * Undo journal: the bytes of each line before its first write since the last mark. Lines are
 * numbered by their place in the arena. One thread.
 */
final class Journal {

    private static final int LINE = PhysicalMemory.LINE_BYTES;

    /** Of each line one more than its newest entry; 0 if it has none that was not dropped. */
    private int[] newest = new int[0];
    /** Of each page of lines those that have an entry of this generation, bit n for line n. */
    private long[] saved = new long[0];
    /** The first entry of this generation; nothing is kept before the first mark. */
    private int generation = Integer.MAX_VALUE;
    private int[] lines = new int[64];
    private byte[] bytes = new byte[64 * LINE];
    private int size;

    /** Opens a new generation; returns the number of entries kept so far. */
    int mark() {
        begin();
        return size;
    }

    private void begin() {
        generation = size;
        Arrays.fill(saved, 0);
    }

    /** Returns whether {@code mark} is the last one that was made and not undone. */
    boolean isLast(int mark) {
        return mark == generation;
    }

    /** Returns the entry of a line in this generation; -1 if it was not written in it. */
    int entryOf(int line) {
        int entry = line < newest.length ? newest[line] - 1 : -1;
        return entry >= generation ? entry : -1;
    }

    int size() {
        return size;
    }

    int line(int entry) {
        return lines[entry] & Integer.MAX_VALUE;
    }

    /** Returns whether the line had been known, not synthetic, before it was written. */
    boolean wasKnown(int entry) {
        return lines[entry] < 0;
    }

    byte[] bytes() {
        return bytes;
    }

    /**
     * Keeps the bytes of those lines of a page that this generation has not yet.
     *
     * @param changing lines of the page that are about to change, bit n for line n
     * @param known those of the page that are not synthetic
     */
    void save(int page, long changing, byte[] arena, long known) {
        if (generation == Integer.MAX_VALUE) {
            return;
        }
        if (page >= saved.length) {
            saved = Arrays.copyOf(saved, Math.max(page + 1, saved.length * 2));
            newest = Arrays.copyOf(newest, saved.length * Long.SIZE);
        }
        long missing = changing & ~saved[page];
        if (missing != 0) {
            saved[page] |= missing;
            for (; missing != 0; missing &= missing - 1) {
                int line = Long.numberOfTrailingZeros(missing);
                save(page * Long.SIZE + line, arena, (known >>> line & 1) != 0);
            }
        }
    }

    private void save(int line, byte[] arena, boolean known) {
        if (size == lines.length) {
            lines = Arrays.copyOf(lines, size * 2);
            bytes = Arrays.copyOf(bytes, size * 2 * LINE);
        }
        lines[size] = known ? line | Integer.MIN_VALUE : line;
        System.arraycopy(arena, line * LINE, bytes, size * LINE, LINE);
        newest[line] = ++size;
    }

    /** Drops the entries after {@code mark} and opens a new generation. */
    void truncate(int mark) {
        for (int entry = mark; entry < size; entry++) {
            newest[line(entry)] = 0;
        }
        size = mark;
        begin();
    }
}
