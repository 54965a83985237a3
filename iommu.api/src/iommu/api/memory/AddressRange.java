// SPDX-License-Identifier: Apache-2.0
package iommu.api.memory;

/**
 * A range of addresses, unsigned, physical or virtual.
 *
 * @param start first address
 * @param end address after the last; 0 stands for 2^64 if {@code start} is not 0
 */
public record AddressRange(long start, long end) {

    /** Checks that the range is not empty. */
    public AddressRange {
        if (Long.compareUnsigned(start, end - 1) > 0 || start == end) {
            throw new IllegalArgumentException("empty range 0x" + Long.toHexString(start)
                    + " to 0x" + Long.toHexString(end));
        }
    }

    /** Returns the range of {@code bytes} bytes from {@code start}. */
    public static AddressRange of(long start, long bytes) {
        return new AddressRange(start, start + bytes);
    }

    /** Returns the number of bytes. */
    public long bytes() {
        return end - start;
    }

    /** Returns whether {@code address} lies in this range. */
    public boolean contains(long address) {
        return Long.compareUnsigned(address - start, end - start) < 0;
    }

    /** Returns whether all of {@code bytes} bytes from {@code address} lie in this range. */
    public boolean contains(long address, long bytes) {
        return contains(address) && Long.compareUnsigned(bytes, end - address) <= 0;
    }

    /** Returns whether the two ranges share an address. */
    public boolean overlaps(AddressRange other) {
        return contains(other.start) || other.contains(start);
    }

    /** Returns the range in the notation of /proc/iomem: both ends inclusive. */
    @Override
    public String toString() {
        return String.format("%08x-%08x", start, end - 1);
    }
}
