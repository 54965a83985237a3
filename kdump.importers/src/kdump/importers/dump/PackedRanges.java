// SPDX-License-Identifier: Apache-2.0
package kdump.importers.dump;

import iommu.api.memory.AddressRange;
import java.util.AbstractList;
import java.util.Arrays;
import java.util.RandomAccess;

/**
 * Ranges below 2^63, by address and apart, 16 bytes each: a dump of a large server has millions.
 * Immutable; thread-safe.
 */
public final class PackedRanges extends AbstractList<AddressRange> implements RandomAccess {

    /** Collects ranges by address; those that meet become one. */
    public static final class Builder {

        private long[] starts = new long[16];
        private long[] ends = new long[16];
        private int size;

        /** Adds a range that does not begin before the end of the one added last. */
        public Builder add(long start, long end) {
            if (size > 0 && start < ends[size - 1]) {
                throw new IllegalArgumentException("0x" + Long.toHexString(start)
                        + " lies below the range before");
            }
            if (size > 0 && start == ends[size - 1]) {
                ends[size - 1] = end;
                return this;
            }
            if (size == starts.length) {
                starts = Arrays.copyOf(starts, size * 2);
                ends = Arrays.copyOf(ends, size * 2);
            }
            starts[size] = start;
            ends[size++] = end;
            return this;
        }

        /** Returns the number of ranges so far. */
        public int size() {
            return size;
        }

        /** Returns the ranges. */
        public PackedRanges build() {
            return new PackedRanges(Arrays.copyOf(starts, size), Arrays.copyOf(ends, size));
        }
    }

    private final long[] starts;
    private final long[] ends;

    private PackedRanges(long[] starts, long[] ends) {
        this.starts = starts;
        this.ends = ends;
    }

    @Override
    public AddressRange get(int index) {
        return new AddressRange(starts[index], ends[index]);
    }

    @Override
    public int size() {
        return starts.length;
    }

    /** Returns the start of the range at {@code index}. */
    public long start(int index) {
        return starts[index];
    }

    /** Returns the end of the range at {@code index}: the address after its last. */
    public long end(int index) {
        return ends[index];
    }

    /** Returns the number of bytes of all ranges. */
    public long bytes() {
        long bytes = 0;
        for (int i = 0; i < starts.length; i++) {
            bytes += ends[i] - starts[i];
        }
        return bytes;
    }

    /** Returns the index of the range that holds {@code address}, or -1. */
    public int indexOf(long address) {
        int i = Arrays.binarySearch(starts, address);
        i = i < 0 ? -i - 2 : i;
        return i >= 0 && address < ends[i] ? i : -1;
    }

    /**
     * Returns the index of the range that holds all of {@code bytes} bytes from {@code address}.
     *
     * @throws IllegalArgumentException if none does
     */
    public int require(long address, long bytes) {
        int i = address < 0 ? -1 : indexOf(address);
        if (i < 0 || bytes > ends[i] - address) {
            throw new IllegalArgumentException("no captured range holds " + bytes
                    + " bytes from 0x" + Long.toHexString(address));
        }
        return i;
    }

    /** Returns these ranges but for others, which are by address and apart. */
    public PackedRanges without(PackedRanges others) {
        var rest = new Builder();
        int j = 0;
        for (int i = 0; i < starts.length; i++) {
            long at = starts[i];
            while (at < ends[i]) {
                while (j < others.size() && others.ends[j] <= at) {
                    j++;
                }
                long next = j < others.size() ? others.starts[j] : Long.MAX_VALUE;
                if (next > at) {
                    rest.add(at, Math.min(next, ends[i]));
                }
                at = next >= ends[i] ? ends[i] : Math.min(others.ends[j], ends[i]);
            }
        }
        return rest.build();
    }

    /** Returns what these ranges have in common with others, which are by address and apart. */
    public PackedRanges within(Iterable<AddressRange> others) {
        var common = new Builder();
        int i = 0;
        for (AddressRange other : others) {
            while (i < starts.length && ends[i] <= other.start()) {
                i++;
            }
            for (int j = i; j < starts.length && starts[j] < other.end(); j++) {
                common.add(Math.max(starts[j], other.start()), Math.min(ends[j], other.end()));
            }
        }
        return common.build();
    }
}
