// SPDX-License-Identifier: Apache-2.0
package iommu.api.memory;

import java.util.Arrays;

/**
 * Undo journal: the bytes of each line before its first write since the last mark. Lines are
 * numbered by their place in the arena. One thread.
 */
final class Journal {

    private static final int LINE = PhysicalMemory.LINE_BYTES;

    private int[] stampOfLine = new int[0];
    private int stamp;
    private int[] lines = new int[64];
    private byte[] bytes = new byte[64 * LINE];
    private int size;

    /** Opens a new generation; returns the number of entries kept so far. */
    int mark() {
        stamp++;
        return size;
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

    /** Keeps the line's bytes unless this generation has them already. */
    void save(int line, byte[] arena, boolean known) {
        if (stamp == 0) {
            return;
        }
        if (line >= stampOfLine.length) {
            stampOfLine = Arrays.copyOf(stampOfLine, Math.max(line + 1, stampOfLine.length * 2));
        }
        if (stampOfLine[line] == stamp) {
            return;
        }
        stampOfLine[line] = stamp;
        if (size == lines.length) {
            lines = Arrays.copyOf(lines, size * 2);
            bytes = Arrays.copyOf(bytes, size * 2 * LINE);
        }
        lines[size] = known ? line | Integer.MIN_VALUE : line;
        System.arraycopy(arena, line * LINE, bytes, size * LINE, LINE);
        size++;
    }

    /** Drops the entries after {@code mark} and opens a new generation. */
    void truncate(int mark) {
        size = mark;
        stamp++;
    }
}
