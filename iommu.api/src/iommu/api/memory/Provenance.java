// SPDX-License-Identifier: Apache-2.0
package iommu.api.memory;

import java.util.Arrays;

/**
 * Who wrote each byte last, kept per line as short lists of (cause, mask of bytes). A cause is a number
 * that its owner gave out; 0 means nobody. One thread.
 */
final class Provenance {

    private int[] headOfLine = new int[0];
    private int[] causes = new int[256];
    private long[] masks = new long[256];
    private int[] nexts = new int[256];
    private int entries;

    Provenance() {
        clear();
    }

    /** Forgets all causes. */
    void clear() {
        entries = 1;
        Arrays.fill(headOfLine, 0);
    }

    /** Notes that {@code cause} wrote the bytes of {@code mask}, bit n for byte n, of a line. */
    void note(int line, long mask, int cause) {
        if (line >= headOfLine.length) {
            headOfLine = Arrays.copyOf(headOfLine, Math.max(line + 1, headOfLine.length * 2));
        }
        boolean found = false;
        for (int e = headOfLine[line]; e != 0; e = nexts[e]) {
            if (causes[e] == cause) {
                masks[e] |= mask;
                found = true;
            } else {
                masks[e] &= ~mask;
            }
        }
        if (!found) {
            add(line, mask, cause);
        }
    }

    private void add(int line, long mask, int cause) {
        if (entries == causes.length) {
            causes = Arrays.copyOf(causes, entries * 2);
            masks = Arrays.copyOf(masks, entries * 2);
            nexts = Arrays.copyOf(nexts, entries * 2);
        }
        causes[entries] = cause;
        masks[entries] = mask;
        nexts[entries] = headOfLine[line];
        headOfLine[line] = entries++;
    }

    /** Returns who wrote byte {@code index} of a line last, or 0. */
    int causeOf(int line, int index) {
        if (line >= headOfLine.length) {
            return 0;
        }
        for (int e = headOfLine[line]; e != 0; e = nexts[e]) {
            if ((masks[e] >>> index & 1) != 0) {
                return causes[e];
            }
        }
        return 0;
    }
}
