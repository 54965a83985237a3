// SPDX-License-Identifier: Apache-2.0
package iommu.api.memory;

import iommu.api.sim.RandomStream;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * What memory holds that was never written: a pattern made of seed and address, or zeros.
 *
 * @param seed of the pattern
 * @param blank whether it is zeros
 */
record Pattern(long seed, boolean blank) {

    private static final VarHandle LONG = MethodHandles
            .byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN)
            .withInvokeExactBehavior();

    /** Returns the 64 bits that hold {@code address}. */
    long word(long address) {
        return blank ? 0 : RandomStream.mix(seed ^ address >>> 3);
    }

    /** Fills an array with the bytes from {@code address} on. */
    void fill(long address, byte[] to, int offset, int bytes) {
        int done = 0;
        while (done < bytes) {
            long word = word(address + done & -8);
            int skip = (int) (address + done) & 7;
            if (skip == 0 && bytes - done >= 8) {
                LONG.set(to, offset + done, word);
                done += 8;
            } else {
                to[offset + done] = (byte) (word >>> 8 * skip);
                done++;
            }
        }
    }
}
