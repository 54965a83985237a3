// SPDX-License-Identifier: Apache-2.0
package iommu.api.memory;

import java.util.ArrayList;
import java.util.List;

/**
 * The ranges of memory that answer, and the number of each granule of them: granules of one range
 * are numbered one after the other, those of the next range follow. One thread.
 */
final class BackedRanges {

    /** Base-2 logarithm of a granule's bytes. */
    static final int GRANULE_SHIFT = 16;

    private final long[] start;
    private final long[] end;
    /** Of each range the bytes at which a page can begin that lies in it as a whole. */
    private final long[] pages;
    /** Of each range what makes a granule's number out of that of its address. */
    private final int[] granuleOffset;
    private final int granules;
    /** The range that was found last, and where it is. */
    private int last;
    private long lastStart;
    private long lastBytes;

    /**
     * Makes them.
     *
     * @throws IllegalArgumentException if two overlap, or all are more than
     *     {@link PhysicalMemory#MAX_BYTES}
     */
    BackedRanges(List<AddressRange> backed) {
        List<AddressRange> ranges = backed.stream()
                .sorted((a, b) -> Long.compareUnsigned(a.start(), b.start())).toList();
        int n = ranges.size();
        start = new long[n];
        end = new long[n];
        pages = new long[n];
        granuleOffset = new int[n];
        long count = 0;
        for (int i = 0; i < n; i++) {
            start[i] = ranges.get(i).start();
            end[i] = ranges.get(i).end();
            if (i > 0 && Long.compareUnsigned(start[i], end[i - 1]) < 0) {
                throw new IllegalArgumentException(ranges.get(i) + " overlaps the range before");
            }
            pages[i] = Math.max(0, end[i] - start[i] - PhysicalMemory.PAGE_BYTES + 1);
            granuleOffset[i] = (int) (count - (start[i] >>> GRANULE_SHIFT));
            count += (end[i] - 1 >>> GRANULE_SHIFT) - (start[i] >>> GRANULE_SHIFT) + 1;
            if (count > PhysicalMemory.MAX_BYTES >>> GRANULE_SHIFT) {
                throw new IllegalArgumentException("more than 1 TiB of memory");
            }
        }
        granules = (int) count;
    }

    /** Makes the same for other memory, which may be another thread's. */
    BackedRanges(BackedRanges other) {
        start = other.start;
        end = other.end;
        pages = other.pages;
        granuleOffset = other.granuleOffset;
        granules = other.granules;
    }

    /** Returns how many granules there are. */
    int granules() {
        return granules;
    }

    /** Returns whether all of {@code bytes} bytes from {@code address} lie in one range. */
    boolean contains(long address, long bytes) {
        int r = rangeOf(address);
        return r >= 0 && Long.compareUnsigned(bytes, end[r] - address) <= 0;
    }

    /**
     * Returns the number of the granule that holds {@code bytes} bytes from {@code address}.
     *
     * @throws IllegalArgumentException if they do not lie in one range
     */
    int granuleOf(long address, int bytes) {
        int r = rangeOf(address);
        if (r < 0 || Long.compareUnsigned(bytes, end[r] - address) > 0) {
            throw new IllegalArgumentException(
                    "no memory at 0x" + Long.toHexString(address) + ", " + bytes + " bytes");
        }
        return (int) (address >>> GRANULE_SHIFT) + granuleOffset[r];
    }

    /** Returns the number of the granule that holds a whole page of memory, or -1. */
    int granuleOfPage(long page) {
        int recent = last;
        if (recent < start.length
                && Long.compareUnsigned(page - start[recent], pages[recent]) < 0) {
            return (int) (page >>> GRANULE_SHIFT) + granuleOffset[recent];
        }
        for (int i = 0; i < start.length; i++) {
            if (Long.compareUnsigned(page - start[i], pages[i]) < 0) {
                return (int) (page >>> GRANULE_SHIFT) + granuleOffset[i];
            }
        }
        return -1;
    }

    /** Most accesses lie in the range of the one before. */
    private int rangeOf(long address) {
        return Long.compareUnsigned(address - lastStart, lastBytes) < 0 ? last : find(address);
    }

    private int find(long address) {
        for (int i = 0; i < start.length; i++) {
            if (Long.compareUnsigned(address - start[i], end[i] - start[i]) < 0) {
                last = i;
                lastStart = start[i];
                lastBytes = end[i] - start[i];
                return i;
            }
        }
        return -1;
    }

    /** Receives granules. */
    interface GranuleVisitor {

        /** Called for each granule, by number, with its address. */
        void granule(int number, long address);
    }

    /** Tells every granule. */
    void granules(GranuleVisitor visitor) {
        for (int r = 0; r < start.length; r++) {
            for (long g = start[r] >>> GRANULE_SHIFT; g <= end[r] - 1 >>> GRANULE_SHIFT; g++) {
                visitor.granule((int) g + granuleOffset[r], g << GRANULE_SHIFT);
            }
        }
    }

    /** Returns the parts of other ranges that lie in these. */
    List<AddressRange> partsOf(List<AddressRange> others) {
        List<AddressRange> parts = new ArrayList<>();
        for (AddressRange other : others) {
            for (int r = 0; r < start.length; r++) {
                long from = Math.max(other.start(), start[r]);
                long to = Math.min(other.end(), end[r]);
                if (from < to) {
                    parts.add(new AddressRange(from, to));
                }
            }
        }
        return parts;
    }
}
