// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.machine;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.sim.RandomStream;
import iommu.testkit.seeds.Seeds;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Patterns are a formula of seed and position. */
class MediumPatternTest {

    /** Byte i of a pattern: of the mixed seed and number of its word, the lowest first. */
    private static byte expected(long seed, int i) {
        return (byte) (RandomStream.mix(seed) + i / 8 * 0x9e37_79b9_7f4a_7c15L >>> 8 * (i % 8));
    }

    private static void check(long seed, int offset, int bytes) {
        byte[] to = new byte[offset + bytes + 3];
        MediumPattern.fill(seed, to, offset, bytes);
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
        for (int i = 0; i < 4000; i++) {
            int most = random.oneIn(4) ? 4096 : 70;
            check(random.nextLong(), random.nextInt(9), 1 + random.nextInt(most));
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {0, 1, -1, Long.MIN_VALUE})
    void aLongerPieceBeginsLikeAShorterOne(long seed) {
        for (int bytes : new int[] {0, 1, 3, 7, 8, 9, 63, 64, 300, 4095, 4096, 10_000}) {
            check(seed, 0, bytes);
            check(seed, 5, bytes);
        }
    }
}
