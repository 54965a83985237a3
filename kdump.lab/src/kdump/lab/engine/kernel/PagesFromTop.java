// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.kernel;

import java.util.BitSet;

/**
 * Page numbers in use in a window of addresses, counted from its top: few that are high up take
 * little room. One thread.
 */
final class PagesFromTop {

    private static final int PAGE_SHIFT = 12;

    private final BitSet used = new BitSet();
    /** Number of the page after the last one. */
    private final long end;
    private final int pages;
    /** Where {@link #takeHighest} begins to look, from the top. */
    private int begin;

    /**
     * Makes a window in which nothing is in use.
     *
     * @param end number of the page after its last one
     * @param pages how many there are
     */
    PagesFromTop(long end, int pages) {
        this.end = end;
        this.pages = pages;
    }

    private long start() {
        return end - pages;
    }

    /** Takes what of a range lies within the window. */
    void reserve(long iova, long bytes) {
        long first = Math.max(iova >>> PAGE_SHIFT, start());
        long last = lastPage(iova, bytes);
        if (first <= last && first < end) {
            used.set((int) (end - 1 - Math.min(last, end - 1)), (int) (end - first));
        }
    }

    private static long lastPage(long iova, long bytes) {
        long last = iova + bytes - 1;
        return (Long.compareUnsigned(last, iova) < 0 && bytes > 0 ? -1 : last) >>> PAGE_SHIFT;
    }

    boolean contains(long iova) {
        long page = iova >>> PAGE_SHIFT;
        return page >= start() && page < end;
    }

    /** Gives a page back; {@link #takeHighest} comes to it before those below. */
    void free(long iova) {
        int at = (int) (end - 1 - (iova >>> PAGE_SHIFT));
        used.clear(at);
        begin = Math.min(begin, at);
    }

    /** Has {@link #takeHighest} look below an address within the window first. */
    void beginBelow(long iova) {
        begin = (int) Math.max(0, Math.min(end - (iova >>> PAGE_SHIFT), pages - 1));
    }

    /**
     * Takes adjacent free pages, as high as there are any below where it begins, which is below
     * those it took last, or else above.
     *
     * @param aligned power of two that the first page's number is a multiple of
     * @return address of the first; 0 if there are none
     */
    long takeHighest(int count, int aligned) {
        long found = takeHighest(begin, count, aligned);
        return found != 0 || begin == 0 ? found : takeHighest(0, count, aligned);
    }

    private long takeHighest(int from, int count, int aligned) {
        int at = used.nextClearBit(from);
        while (at + count <= pages) {
            long first = end - at - count & -aligned;
            int top = (int) (end - first - count);
            if (top + count > pages) {
                return 0;
            }
            int clash = used.nextSetBit(top);
            if (clash < 0 || clash >= top + count) {
                begin = Math.min(top + count, pages - 1);
                return take(first, top, count);
            }
            at = used.nextClearBit(clash);
        }
        return 0;
    }

    /** Takes adjacent free pages likewise, as low as there are any. */
    long takeLowest(int count, int aligned) {
        for (long first = start() + aligned - 1 & -aligned; first + count <= end;) {
            int top = (int) (end - first - count);
            int clash = used.previousSetBit(top + count - 1);
            if (clash < top) {
                return take(first, top, count);
            }
            int free = used.previousClearBit(clash);
            first = free < 0 ? end : end - 1 - free + aligned - 1 & -aligned;
        }
        return 0;
    }

    private long take(long first, int top, int count) {
        used.set(top, top + count);
        return first << PAGE_SHIFT;
    }
}
