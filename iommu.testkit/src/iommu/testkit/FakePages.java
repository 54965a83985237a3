// SPDX-License-Identifier: Apache-2.0
package iommu.testkit;

import iommu.api.memory.PhysicalMemory;

/** The pages that a fake kernel gives out, upwards, none twice. One thread. */
final class FakePages {

    private static final byte[] EMPTY = new byte[PhysicalMemory.PAGE_BYTES];

    private long next;
    private long end;
    private int out;

    FakePages(long start, long end) {
        from(start, end);
    }

    /** Allocates from another range from now on. */
    void from(long start, long limit) {
        next = start;
        end = limit;
    }

    /** Returns how many pages are given out and not given back. */
    int out() {
        return out;
    }

    /** Returns how many are left to give out. */
    long left() {
        return (end - next) / PhysicalMemory.PAGE_BYTES;
    }

    /** Returns where the next pages lie, aligned to their number rounded up. */
    long allocate(int count) {
        long bytes = (long) Integer.highestOneBit(count * 2 - 1) * PhysicalMemory.PAGE_BYTES;
        long at = next + bytes - 1 & -bytes;
        if (at + bytes > end) {
            throw new IllegalStateException("no page left");
        }
        next = at + bytes;
        out += count;
        return at;
    }

    static void clear(PhysicalMemory memory, long at, int count) {
        for (int i = 0; i < count; i++) {
            memory.write(at + (long) i * PhysicalMemory.PAGE_BYTES, EMPTY, 0, EMPTY.length);
        }
    }

    void free(int count) {
        out -= count;
    }
}
