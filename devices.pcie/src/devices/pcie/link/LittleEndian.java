// SPDX-License-Identifier: Apache-2.0
package devices.pcie.link;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/** Doublewords in arrays, as controllers and devices put them into memory. */
public final class LittleEndian {

    private static final VarHandle INT =
            MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);

    private LittleEndian() { }

    /** Returns the 32 bits at an offset, zero-extended. */
    public static long dword(byte[] from, int offset) {
        return Integer.toUnsignedLong((int) INT.get(from, offset));
    }

    /** Puts the low 32 bits of a value at an offset. */
    public static void putDword(byte[] to, int offset, long value) {
        INT.set(to, offset, (int) value);
    }
}
