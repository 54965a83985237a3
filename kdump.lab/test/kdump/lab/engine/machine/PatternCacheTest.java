// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.machine;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.sim.RandomStream;
import iommu.testkit.seeds.Seeds;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What is kept of patterns is never seen: they are a formula of seed and position. */
class PatternCacheTest {

    /** Byte i of a pattern: of the mixed seed and number of its word, the lowest first. */
    private static byte expected(long seed, int i) {
        return (byte) (RandomStream.mix(seed) + i / 8 * 0x9e37_79b9_7f4a_7c15L >>> 8 * (i % 8));
    }

    private static void check(PatternCache cache, long seed, int offset, int bytes) {
        byte[] to = new byte[offset + bytes + 3];
        cache.fill(seed, to, offset, bytes);
        for (int i = 0; i < to.length; i++) {
            byte wanted = i < offset || i >= offset + bytes ? 0 : expected(seed, i - offset);
            if (to[i] != wanted) {
                assertThat(to[i]).as("byte %d of %d at %d, seed %d", i, bytes, offset, seed)
                        .isEqualTo(wanted);
            }
        }
    }

    @Seeds
    void everyByteIsThatOfTheFormula(long seed) {
        var random = new RandomStream(seed, "patterns");
        var cache = new PatternCache();
        long[] few = new long[50];
        for (int i = 0; i < few.length; i++) {
            few[i] = random.nextLong();
        }
        for (int i = 0; i < 4000; i++) {
            long asked = random.oneIn(3) ? few[random.nextInt(few.length)] : random.nextLong();
            int most = random.oneIn(4) ? 4096 : 70;
            check(cache, asked, random.nextInt(9), 1 + random.nextInt(most));
        }
    }

    /** Seeds that share a place push each other out. */
    @ParameterizedTest
    @ValueSource(ints = {1, 7, 8, 9, 63, 64, 4095, 4096})
    void moreSeedsThanPlacesAreToldApart(int bytes) {
        var cache = new PatternCache();
        for (int round = 0; round < 2; round++) {
            for (long seed = 0; seed < 3000; seed += bytes > 100 ? 50 : 1) {
                check(cache, seed << 9, 0, bytes);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {0, 1, -1, Long.MIN_VALUE})
    void aLongerPieceBeginsLikeAShorterOne(long seed) {
        var cache = new PatternCache();
        for (int bytes : new int[] {3, 300, 8, 4096, 5}) {
            check(cache, seed, 0, bytes);
        }
    }
}
