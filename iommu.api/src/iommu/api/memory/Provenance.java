// SPDX-License-Identifier: Apache-2.0
package iommu.api.memory;

import java.util.Arrays;

/**
 * Who wrote each byte last, kept per line as short lists of (cause, mask of bytes). A cause is a
 * number that its owner gave out; 0 means nobody. One thread.
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
        int head = headOfLine[line];
        if (mask == -1 && nexts[head] == 0 && head != 0) {
            masks[head] = -1; // the commonest: written over as a whole, as before
            causes[head] = cause;
            return;
        }
        // an entry whose bytes were all written over is given to the new cause: a line that is
        // written for ever keeps a short list
        int mine = 0;
        for (int e = head; e != 0; e = nexts[e]) {
            masks[e] &= ~mask;
            if (causes[e] == cause || mine == 0 && masks[e] == 0) {
                mine = e;
            }
        }
        if (mine == 0) {
            add(line, mask, cause);
        } else {
            masks[mine] |= mask;
            causes[mine] = cause;
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

    /** Tells who wrote which bytes of a line last. */
    void causes(int line, PhysicalMemory.CauseVisitor visitor) {
        for (int e = line < headOfLine.length ? headOfLine[line] : 0; e != 0; e = nexts[e]) {
            if (masks[e] != 0 && causes[e] != 0) {
                visitor.cause(causes[e], masks[e]);
            }
        }
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
