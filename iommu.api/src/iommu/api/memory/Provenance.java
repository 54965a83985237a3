// SPDX-License-Identifier: Apache-2.0
package iommu.api.memory;

import java.util.Arrays;

/**
 * Who wrote each byte last. A cause is a number that its owner gave out; 0 means nobody. Most lines
 * were written as a whole by one; the others have short lists of (cause, mask of bytes). One
 * thread.
 */
final class Provenance {

    /** Of each line: 0 for nobody, -c if cause c wrote all of it, else the first entry. */
    private int[] ofLine = new int[0];
    private int[] causes = new int[256];
    private long[] masks = new long[256];
    private int[] nexts = new int[256];
    private int entries;
    /** The first entry that a list gave back, 0 for none. */
    private int free;

    Provenance() {
        clear();
    }

    /** Forgets all causes. */
    void clear() {
        entries = 1;
        free = 0;
        Arrays.fill(ofLine, 0);
    }

    /**
     * Notes that {@code cause} wrote lines {@code first} to {@code last}: of the first the bytes of
     * {@code head}, bit n for byte n, of the last those of {@code tail}, of one that is both those
     * of both.
     */
    void note(int first, int last, long head, long tail, int cause) {
        if (last >= ofLine.length) {
            ofLine = Arrays.copyOf(ofLine, Math.max(last + 1, ofLine.length * 2));
        }
        if (first == last) {
            note(first, head & tail, cause);
            return;
        }
        note(first, head, cause);
        for (int line = first + 1; line < last; line++) {
            whole(line, cause);
        }
        note(last, tail, cause);
    }

    private void note(int line, long mask, int cause) {
        if (mask == -1) {
            whole(line, cause);
        } else if (ofLine[line] != -cause) {
            part(line, mask, cause);
        }
    }

    private void whole(int line, int cause) {
        if (ofLine[line] > 0) {
            giveBack(ofLine[line]);
        }
        ofLine[line] = -cause;
    }

    /** The line may be nobody's as a whole, or another's, or have a list. */
    private void part(int line, long mask, int cause) {
        if (ofLine[line] < 0) {
            ofLine[line] = entry(-ofLine[line], ~mask, 0);
        }
        // an entry whose bytes were all written over is given to the new cause: a line that is
        // written for ever keeps a short list
        int mine = 0;
        for (int e = ofLine[line]; e != 0; e = nexts[e]) {
            masks[e] &= ~mask;
            if (causes[e] == cause || mine == 0 && masks[e] == 0) {
                mine = e;
            }
        }
        if (mine == 0) {
            ofLine[line] = entry(cause, mask, ofLine[line]);
            return;
        }
        masks[mine] |= mask;
        causes[mine] = cause;
    }

    private int entry(int cause, long mask, int next) {
        int entry = free;
        if (entry != 0) {
            free = nexts[entry];
        } else {
            entry = entries++;
            if (entry == causes.length) {
                causes = Arrays.copyOf(causes, entry * 2);
                masks = Arrays.copyOf(masks, entry * 2);
                nexts = Arrays.copyOf(nexts, entry * 2);
            }
        }
        causes[entry] = cause;
        masks[entry] = mask;
        nexts[entry] = next;
        return entry;
    }

    private void giveBack(int list) {
        int last = list;
        while (nexts[last] != 0) {
            last = nexts[last];
        }
        nexts[last] = free;
        free = list;
    }

    /** Tells who wrote which bytes of a line last. */
    void causes(int line, PhysicalMemory.CauseVisitor visitor) {
        int of = line < ofLine.length ? ofLine[line] : 0;
        if (of < 0) {
            visitor.cause(-of, -1);
            return;
        }
        for (int e = of; e != 0; e = nexts[e]) {
            if (masks[e] != 0 && causes[e] != 0) {
                visitor.cause(causes[e], masks[e]);
            }
        }
    }

    /** Returns who wrote byte {@code index} of a line last, or 0. */
    int causeOf(int line, int index) {
        int of = line < ofLine.length ? ofLine[line] : 0;
        if (of < 0) {
            return -of;
        }
        for (int e = of; e != 0; e = nexts[e]) {
            if ((masks[e] >>> index & 1) != 0) {
                return causes[e];
            }
        }
        return 0;
    }
}
