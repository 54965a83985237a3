// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.machine;

import iommu.api.sim.RandomStream;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * What media hold that nobody has written: a pattern of seed and position. It is made anew each
 * time, which costs less than to copy it from where it was kept.
 */
final class MediumPattern {

    private static final VarHandle LONG = MethodHandles
            .byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN)
            .withInvokeExactBehavior();
    /** From one word to the next: odd, so that no two words of a pattern are alike. */
    private static final long STEP = 0x9e37_79b9_7f4a_7c15L;

    private MediumPattern() { }

    /** Fills an array with the pattern of a seed. */
    static void fill(long seed, byte[] to, int offset, int bytes) {
        long word = RandomStream.mix(seed);
        int end = offset + (bytes & -Long.BYTES);
        for (int at = offset; at < end; at += Long.BYTES) {
            LONG.set(to, at, word);
            word += STEP;
        }
        for (int at = end; at < offset + bytes; at++) {
            to[at] = (byte) word;
            word >>>= Byte.SIZE;
        }
    }
}
