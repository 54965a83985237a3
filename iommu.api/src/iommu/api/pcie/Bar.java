// SPDX-License-Identifier: Apache-2.0
package iommu.api.pcie;

/**
 * A base address register of a function, and the register space behind it. What lies in the space
 * is reached by index and offset; where software puts it in the address space is config space's.
 *
 * <p>Source: PCI Local Bus Specification, "Base Addresses".
 *
 * @param index 0 to 5; of a 64-bit one, that of its lower half, 0 to 4
 * @param bytes size of the space, a power of two: memory from 16 bytes to 2 GiB, or to 2^62 bytes
 *     if wide; I/O from 4 to 256 bytes
 * @param wide whether it has 64 bits and takes the next register too
 * @param prefetchable whether reads have no side effects and writes may be merged
 * @param io whether it is I/O space rather than memory
 */
public record Bar(int index, long bytes, boolean wide, boolean prefetchable, boolean io) {

    /** Registers of an endpoint's header. */
    public static final int COUNT = 6;

    private static final int LEAST_MEMORY = 16;
    private static final int LEAST_IO = 4;
    private static final int MOST_IO = 256;
    private static final long MOST_MEMORY = 1L << 31;
    private static final long MOST_WIDE = 1L << 62;

    /** Checks index, size and kind. */
    public Bar {
        if (index < 0 || index >= COUNT || wide && index == COUNT - 1) {
            throw new IllegalArgumentException("BAR " + index + (wide ? " of 64 bits" : ""));
        }
        if (io && (wide || prefetchable)) {
            throw new IllegalArgumentException("BAR " + index + " of I/O space is neither 64-bit"
                    + " nor prefetchable");
        }
        long most = io ? MOST_IO : wide ? MOST_WIDE : MOST_MEMORY;
        if (Long.bitCount(bytes) != 1 || bytes < (io ? LEAST_IO : LEAST_MEMORY) || bytes > most) {
            throw new IllegalArgumentException("BAR " + index + " of " + bytes + " bytes");
        }
    }

    /** Returns 32-bit memory that is not prefetchable. */
    public static Bar memory(int index, long bytes) {
        return new Bar(index, bytes, false, false, false);
    }

    /** Returns 64-bit memory. */
    public static Bar wideMemory(int index, long bytes, boolean prefetchable) {
        return new Bar(index, bytes, true, prefetchable, false);
    }

    /** Returns I/O space. */
    public static Bar io(int index, int bytes) {
        return new Bar(index, bytes, false, false, true);
    }

    /**
     * Returns whether an access lies in the space and on a multiple of its own width.
     *
     * @param count 1, 2, 4 or 8 bytes
     */
    public boolean takes(long offset, int count) {
        return offset >= 0 && offset <= bytes - count && (offset & count - 1) == 0;
    }

    /** Returns the read-only bits of the register: 3:0 of memory, 1:0 of I/O. */
    public int typeBits() {
        return io ? 1 : (wide ? 4 : 0) | (prefetchable ? 8 : 0);
    }

    /**
     * Returns all ones of a width: what an access reads that nobody answers.
     *
     * @param count 1, 2, 4 or 8 bytes
     * @throws IllegalArgumentException if no access has that width
     */
    public static long ones(int count) {
        if (count != 1 && count != 2 && count != 4 && count != 8) {
            throw new IllegalArgumentException("an access of " + count + " bytes");
        }
        return -1L >>> Long.SIZE - Byte.SIZE * count;
    }
}
