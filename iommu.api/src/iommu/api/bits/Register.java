// SPDX-License-Identifier: Apache-2.0
package iommu.api.bits;

/**
 * A register as software meets it: where it lies, what it holds after reset, and what a write does
 * to each bit. A bit named by none of the access kinds is read-only and changed by hardware alone.
 *
 * @param name the manual's name
 * @param offset in bytes from the base of the register file; a multiple of 4
 * @param bytes 4 or 8
 * @param reset value after reset
 * @param writable mask of the RW and WO bits
 * @param writeOneToClear mask of the RW1C bits
 * @param readsAsZero mask of the WO bits
 */
public record Register(String name, int offset, int bytes, long reset,
        long writable, long writeOneToClear, long readsAsZero) {

    /** Checks place and width. */
    public Register {
        if (offset < 0 || offset % 4 != 0 || bytes != 4 && bytes != 8) {
            throw new IllegalArgumentException(name + ": offset " + offset + ", bytes " + bytes);
        }
    }

    /** Returns a register of 32 bits, read-only so far. */
    public static Register register32(String name, int offset) {
        return new Register(name, offset, 4, 0, 0, 0, 0);
    }

    /** Returns a register of 64 bits, read-only so far. */
    public static Register register64(String name, int offset) {
        return new Register(name, offset, 8, 0, 0, 0, 0);
    }

    /** Returns this register with another value after reset. */
    public Register reset(long value) {
        return new Register(name, offset, bytes, value, writable, writeOneToClear, readsAsZero);
    }

    /** Returns this register with these fields RW. */
    public Register readWrite(BitField... fields) {
        return new Register(name, offset, bytes, reset, writable | union(fields), writeOneToClear,
                readsAsZero);
    }

    /** Returns this register with these fields RW1C. */
    public Register writeOneToClear(BitField... fields) {
        return new Register(name, offset, bytes, reset, writable, writeOneToClear | union(fields),
                readsAsZero);
    }

    /** Returns this register with these fields WO: written, and read as zero. */
    public Register writeOnly(BitField... fields) {
        return new Register(name, offset, bytes, reset, writable | union(fields), writeOneToClear,
                readsAsZero | union(fields));
    }

    private static long union(BitField... fields) {
        long mask = 0;
        for (var field : fields) {
            mask |= field.mask();
        }
        return mask;
    }
}
