// SPDX-License-Identifier: Apache-2.0
package iommu.api.memory;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.sim.RandomStream;
import iommu.testkit.seeds.Seeds;
import org.junit.jupiter.api.Test;

/** What memory holds that was never written. */
class PatternTest {

    @Test
    void everyByteOfAWordIsOfTheSameWord() {
        var pattern = new Pattern(42, false);
        assertThat(pattern.word(0x1000)).isEqualTo(RandomStream.mix(42 ^ 0x200));
        assertThat(pattern.word(0x1007)).isEqualTo(pattern.word(0x1000))
                .isNotEqualTo(pattern.word(0x1008));
        assertThat(new Pattern(43, false).word(0x1000)).isNotEqualTo(pattern.word(0x1000));
    }

    @Test
    void aBlankOneIsZeros() {
        byte[] bytes = {1, 2, 3, 4};
        new Pattern(42, true).fill(0x1001, bytes, 1, 2);
        assertThat(bytes).containsExactly(1, 0, 0, 4);
        assertThat(new Pattern(42, true).word(8)).isZero();
    }

    @Seeds(count = 5)
    void fillingBeginsAndEndsAnywhere(long seed) {
        var random = new RandomStream(seed, "fill");
        var pattern = new Pattern(seed, false);
        for (int round = 0; round < 200; round++) {
            long address = random.nextLong() >>> random.nextInt(40);
            int offset = random.nextInt(9);
            int bytes = random.nextInt(40);
            byte[] to = new byte[offset + bytes + 3];
            pattern.fill(address, to, offset, bytes);
            for (int i = 0; i < to.length; i++) {
                long at = address + i - offset;
                boolean inside = i >= offset && i < offset + bytes;
                assertThat(to[i]).isEqualTo(
                        inside ? (byte) (pattern.word(at & -8) >>> 8 * (at & 7)) : 0);
            }
        }
    }
}
