// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.machine;

import iommu.api.sim.RandomStream;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * What media hold that nobody has written: a pattern of seed and position. Rings go round over the
 * same positions, so those made last are kept, from run to run. One thread.
 */
final class PatternCache {

    private static final VarHandle LONG =
            MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
    /** Places: more than the rings of a busy machine have entries. */
    private static final int PLACES = 2048;
    private static final int MAX_BYTES = 4096;
    /** From one word to the next: odd, so that no two words of a pattern are alike. */
    private static final long STEP = 0x9e37_79b9_7f4a_7c15L;

    private final long[] seeds = new long[PLACES];
    private final byte[][] patterns = new byte[PLACES][];

    /** Fills an array with the pattern of a seed, 1 to {@value #MAX_BYTES} bytes of it. */
    void fill(long seed, byte[] to, int offset, int bytes) {
        int place = (int) (seed * 0x9e37_79b9_7f4a_7c15L >>> 40) & PLACES - 1;
        byte[] kept = patterns[place];
        if (kept == null || seeds[place] != seed || kept.length < bytes) {
            if (kept == null || kept.length < bytes) {
                kept = new byte[Math.min(MAX_BYTES, bytes + Long.BYTES - 1 & -Long.BYTES)];
                patterns[place] = kept;
            }
            long word = RandomStream.mix(seed);
            for (int i = 0; i < kept.length; i += Long.BYTES) {
                LONG.set(kept, i, word);
                word += STEP;
            }
            seeds[place] = seed;
        }
        System.arraycopy(kept, 0, to, offset, bytes);
    }
}
