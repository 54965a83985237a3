// SPDX-License-Identifier: Apache-2.0
package iommu.legacy.calgary.unit;

import iommu.legacy.calgary.CalgaryRegisters;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Map;

/** The registers of a chip as bytes: processors see them one way round, the chip the other. */
final class RegisterSpace {

    private static final VarHandle INT =
            MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.BIG_ENDIAN);
    private static final VarHandle LONG =
            MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.BIG_ENDIAN);

    private final byte[] bytes = new byte[CalgaryRegisters.BYTES];

    /** Makes one that holds 32-bit words as a processor reads them. */
    RegisterSpace(Map<Integer, Integer> words) {
        words.forEach((offset, word) -> {
            check(offset, Integer.BYTES);
            set32(offset, Integer.reverseBytes(word));
        });
    }

    private static void check(int offset, int size) {
        if (size != 4 && size != 8 || offset < 0 || offset > CalgaryRegisters.BYTES - size
                || offset % size != 0) {
            throw new IllegalArgumentException("a register access of " + size + " bytes at 0x"
                    + Integer.toHexString(offset));
        }
    }

    int get32(int offset) {
        return (int) INT.get(bytes, offset);
    }

    void set32(int offset, int value) {
        INT.set(bytes, offset, value);
    }

    long get64(int offset) {
        return (long) LONG.get(bytes, offset);
    }

    void set64(int offset, long value) {
        LONG.set(bytes, offset, value);
    }

    /** Returns what a processor reads. */
    long read(int offset, int size) {
        check(offset, size);
        return size == 8 ? Long.reverseBytes(get64(offset))
                : Integer.toUnsignedLong(Integer.reverseBytes(get32(offset)));
    }

    /** Does what a processor writes. */
    void write(int offset, int size, long value) {
        check(offset, size);
        if (size == 8) {
            set64(offset, Long.reverseBytes(value));
        } else {
            set32(offset, Integer.reverseBytes((int) value));
        }
    }
}
