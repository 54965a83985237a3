// SPDX-License-Identifier: Apache-2.0
package iommu.api.bits;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Collection;

/**
 * The memory-mapped registers of one device: four byte arrays (held, writable, write-one-to-clear,
 * reads-as-zero) and one write equation for them all. What a write sets off is told to a handler.
 *
 * <p>Accesses of 1, 2, 4 and 8 bytes at any offset are taken; places without a register read as
 * zero and drop writes. One thread.
 */
public final class RegisterFile {

    /** What the hardware does when software has written a register. */
    @FunctionalInterface
    public interface WriteHandler {

        /**
         * Called once per write access that touched the register, after the write equation.
         *
         * @param written the value written, in the register's own bit positions; bits outside
         *     {@code mask} are 0
         * @param mask the bits of the register that the access covered
         */
        void written(long written, long mask);
    }

    private static final VarHandle LONG =
            MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle INT =
            MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);

    private final byte[] held;
    private final byte[] writable;
    private final byte[] writeOneToClear;
    private final byte[] readsAsZero;
    private final Register[] registerAt;
    /** Of each register, where its first four bytes lie. */
    private final WriteHandler[] handlers;

    /**
     * Makes a register file with every register at its reset value.
     *
     * @param sizeBytes size of the register space; at least the end of the last register
     * @param registers must not overlap
     * @throws IllegalArgumentException if a register overlaps another or lies outside
     */
    public RegisterFile(int sizeBytes, Collection<Register> registers) {
        held = new byte[sizeBytes];
        writable = new byte[sizeBytes];
        writeOneToClear = new byte[sizeBytes];
        readsAsZero = new byte[sizeBytes];
        registerAt = new Register[(sizeBytes + 3) / 4];
        handlers = new WriteHandler[registerAt.length];
        for (Register r : registers) {
            place(r);
        }
        reset();
    }

    private void place(Register r) {
        for (int at = r.offset(); at < r.offset() + r.bytes(); at += 4) {
            if (at / 4 >= registerAt.length || registerAt[at / 4] != null) {
                throw new IllegalArgumentException(r.name() + " overlaps or lies outside");
            }
            registerAt[at / 4] = r;
        }
        put(writable, r, r.writable());
        put(writeOneToClear, r, r.writeOneToClear());
        put(readsAsZero, r, r.readsAsZero());
    }

    /** Sets every register to its reset value; calls no handler. */
    public void reset() {
        for (Register r : registerAt) {
            if (r != null) {
                put(held, r, r.reset());
            }
        }
    }

    /** Has {@code handler} called after each write access to the register there; one each. */
    public void onWrite(Register register, WriteHandler handler) {
        handlers[register.offset() / 4] = handler;
    }

    /** Returns the size of the register space in bytes. */
    public int sizeBytes() {
        return held.length;
    }

    /**
     * Returns what software reads.
     *
     * @param bytes 1, 2, 4 or 8
     * @throws IllegalArgumentException if the access leaves the register space
     */
    public long read(int offset, int bytes) {
        check(offset, bytes);
        long value = 0;
        for (int i = bytes - 1; i >= 0; i--) {
            value = value << 8 | held[offset + i] & ~readsAsZero[offset + i] & 0xff;
        }
        return value;
    }

    /**
     * Does what a software write does, then calls the handler of each register touched.
     *
     * @param bytes 1, 2, 4 or 8
     * @throws IllegalArgumentException if the access leaves the register space
     */
    public void write(int offset, int bytes, long value) {
        writeUnheard(offset, bytes, value);
        Register told = null;
        for (int at = offset; at < offset + bytes; at++) {
            Register r = registerAt[at / 4];
            if (r != null && r != told) {
                tell(r, offset, bytes, value);
                told = r;
            }
        }
    }

    /**
     * Does what a software write does to the bits, and calls no handler.
     *
     * @param bytes 1, 2, 4 or 8
     * @throws IllegalArgumentException if the access leaves the register space
     */
    public void writeUnheard(int offset, int bytes, long value) {
        check(offset, bytes);
        for (int i = 0; i < bytes; i++) {
            int at = offset + i;
            int v = (int) (value >>> 8 * i) & 0xff;
            held[at] = (byte) ((held[at] & ~writable[at] | v & writable[at])
                    & ~(v & writeOneToClear[at]));
        }
    }

    private void tell(Register r, int offset, int bytes, long value) {
        WriteHandler handler = handlers[r.offset() / 4];
        if (handler == null) {
            return;
        }
        long mask = bytes == 8 ? -1L : (1L << 8 * bytes) - 1;
        int shift = 8 * (offset - r.offset());
        long placed = shift >= 0 ? value << shift : value >>> -shift;
        long covered = shift >= 0 ? mask << shift : mask >>> -shift;
        if (r.bytes() == 4) {
            covered &= 0xffff_ffffL;
        }
        handler.written(placed & covered, covered);
    }

    /** Returns what the register holds, write-only bits included. */
    public long get(Register r) {
        return r.bytes() == 8
                ? (long) LONG.get(held, r.offset())
                : Integer.toUnsignedLong((int) INT.get(held, r.offset()));
    }

    /** Lets hardware set a register: access kinds do not apply and no handler is called. */
    public void set(Register r, long value) {
        put(held, r, value);
    }

    /** Lets hardware set or clear one field of a register. */
    public void set(Register r, BitField field, long value) {
        put(held, r, field.with(get(r), value));
    }

    private static void put(byte[] array, Register r, long value) {
        if (r.bytes() == 8) {
            LONG.set(array, r.offset(), value);
        } else {
            INT.set(array, r.offset(), (int) value);
        }
    }

    private void check(int offset, int bytes) {
        boolean width = bytes == 1 || bytes == 2 || bytes == 4 || bytes == 8;
        if (!width || offset < 0 || offset > held.length - bytes) {
            throw new IllegalArgumentException(
                    "register access at 0x" + Integer.toHexString(offset) + ", " + bytes
                            + " bytes");
        }
    }
}
