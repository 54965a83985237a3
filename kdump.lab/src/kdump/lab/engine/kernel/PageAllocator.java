// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.kernel;

import iommu.api.memory.AddressRange;
import iommu.api.memory.PhysicalMemory;
import iommu.api.unit.KernelPanicException;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;

/**
 * Page frames that a kernel may allocate: all whole frames of some ranges but the excluded ones,
 * lowest first, freed single frames again before new ones. One thread.
 */
public final class PageAllocator {

    private static final long LOW_END = 1L << 32;
    private static final int PAGE = PhysicalMemory.PAGE_BYTES;

    private final List<AddressRange> ranges;
    private BitSet excluded;
    private final BitSet given = new BitSet();
    private final BitSet scratch = new BitSet();
    /** Frames to be given out again, the next one last. */
    private long[] free = new long[16];
    private int freed;
    private int range;
    private long next;

    /**
     * Makes a pool.
     *
     * @param excluded frame numbers that are never given out
     */
    public PageAllocator(List<AddressRange> ranges, BitSet excluded) {
        this.ranges = ranges;
        this.excluded = excluded;
        this.next = ranges.isEmpty() ? 0 : up(ranges.get(0).start(), PAGE);
    }

    /**
     * Returns the address of {@code count} adjacent frames, aligned to their number rounded up to a
     * power of two.
     *
     * @throws KernelPanicException if there are none left
     */
    long allocate(int count) {
        if (count == 1 && freed > 0 && !(isHighFirst() && free[freed - 1] < LOW_END)) {
            return free[--freed];
        }
        long align = (long) Integer.highestOneBit(2 * count - 1) * PAGE;
        while (range < ranges.size()) {
            long start = up(next, align);
            if (start + (long) count * PAGE > ranges.get(range).end()) {
                range++;
                next = range < ranges.size() ? up(ranges.get(range).start(), PAGE) : 0;
                continue;
            }
            int clash = clash(start, count);
            if (clash < 0) {
                next = start + (long) count * PAGE;
                given.set(frame(start), frame(next));
                return start;
            }
            next = (long) (clash + 1) * PAGE;
        }
        throw new KernelPanicException("out of memory: no " + count + " adjacent pages left");
    }

    /**
     * Returns adjacent frames likewise, below 4 GiB as long as there are any: the lowest that are
     * free.
     */
    long allocateLow(int count) {
        if (range >= ranges.size() || ranges.get(range).end() <= LOW_END) {
            return allocate(count);
        }
        long low = takeLow(count, (long) Integer.highestOneBit(2 * count - 1) * PAGE);
        return low >= 0 ? low : allocate(count);
    }

    /**
     * Returns adjacent frames below 4 GiB, the lowest that are free.
     *
     * @param align a power of two, in bytes
     * @return -1 if there are none
     */
    long takeLow(int count, long align) {
        for (AddressRange each : ranges) {
            long end = Math.min(each.end(), LOW_END);
            long start = up(each.start(), align);
            while (start + (long) count * PAGE <= end) {
                int clash = clash(start, count);
                if (clash < 0) {
                    given.set(frame(start), frame(start + (long) count * PAGE));
                    return start;
                }
                start = up((long) (clash + 1) * PAGE, align);
            }
        }
        return -1;
    }

    /** Returns whether some of a range is among those of the frames. */
    boolean overlaps(AddressRange range) {
        return ranges.stream().anyMatch(range::overlaps);
    }

    /** Has the frames of a range be given out no more. */
    void reserve(AddressRange range) {
        excluded = (BitSet) excluded.clone(); // all runs share that of their machine
        excluded.set(frame(range.start()), frame(up(range.end(), PAGE)));
    }

    /** Returns whether some frame of a range is never given out. */
    public boolean leavesOut(AddressRange range) {
        int first = excluded.nextSetBit(frame(range.start()));
        return first >= 0 && first < frame(up(range.end(), PAGE));
    }

    /** Returns the address after the last frame of all ranges; 0 if there are none. */
    long end() {
        return ranges.stream().mapToLong(AddressRange::end).max().orElse(0);
    }

    /** Returns whether frames below 4 GiB are few, and kept for those who need them. */
    private boolean isHighFirst() {
        return ranges.get(0).start() >= LOW_END;
    }

    private int clash(long start, int count) {
        return Math.max(clash(excluded, start, count), clash(given, start, count));
    }

    private static int clash(BitSet frames, long start, int count) {
        int found = frames.nextSetBit(frame(start));
        return found >= 0 && found < frame(start) + count ? found : -1;
    }

    /** Takes frames back; single frames are given out again, runs are not. */
    void free(long address, int count) {
        if (count == 1) {
            if (freed == free.length) {
                free = Arrays.copyOf(free, 2 * freed);
            }
            free[freed++] = address;
        }
    }

    /** Returns a frame in which its owner keeps nothing: it does not count as given out. */
    long allocateScratch() {
        long address = allocate(1);
        scratch.set(frame(address));
        return address;
    }

    /** Returns whether the frame at {@code address} was ever given out for somebody's own bytes. */
    public boolean gave(long address) {
        return given.get(frame(address)) && !scratch.get(frame(address));
    }

    private static int frame(long address) {
        return (int) (address / PAGE);
    }

    private static long up(long address, long align) {
        return (address + align - 1) / align * align;
    }
}
