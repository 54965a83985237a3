// SPDX-License-Identifier: Apache-2.0
package iommu.api.sim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import org.junit.jupiter.api.Test;

class RandomStreamTest {

    private static final long GAMMA = 0x9e37_79b9_7f4a_7c15L;

    @Test
    void scramblingGivesThePublishedValuesOfSplitMix64() {
        assertThat(RandomStream.mix(GAMMA)).isEqualTo(0xe220_a839_7b1d_cdafL);
        assertThat(RandomStream.mix(2 * GAMMA)).isEqualTo(0x6e78_9e6a_a1b9_65f4L);
        assertThat(RandomStream.mix(3 * GAMMA)).isEqualTo(0x06c4_5d18_8009_454fL);
    }

    @Test
    void aStreamNeverChangesItsNumbers() {
        RandomStream stream = new RandomStream(1, "disk");
        assertThat(stream.nextLong()).isEqualTo(0x4396_7daf_4f62_3c1dL);
        assertThat(stream.nextLong()).isEqualTo(0x43d3_22a5_cfc3_b94bL);
    }

    @Test
    void nameAndSeedBothDecide() {
        long one = new RandomStream(1, "a").nextLong();
        assertThat(new RandomStream(1, "a").nextLong()).isEqualTo(one);
        assertThat(new RandomStream(1, "b").nextLong()).isNotEqualTo(one);
        assertThat(new RandomStream(2, "a").nextLong()).isNotEqualTo(one);
        assertThat(new RandomStream(1, "").nextLong()).isNotEqualTo(one);
    }

    @Test
    void boundsAreKeptAndReached() {
        RandomStream stream = new RandomStream(7, "bounds");
        int[] seen = new int[5];
        for (int i = 0; i < 10_000; i++) {
            seen[stream.nextInt(5)]++;
            assertThat(stream.nextInt(1)).isZero();
            assertThat(stream.nextInt(Integer.MAX_VALUE)).isNotNegative();
            assertThat(stream.between(-3, 3)).isBetween(-3L, 3L);
            assertThat(stream.between(9, 9)).isEqualTo(9);
        }
        assertThat(java.util.Arrays.stream(seen).boxed().toList())
                .allMatch(n -> n > 1800 && n < 2200);
    }

    @Test
    void oneInNIsTrueAboutThatOften() {
        RandomStream stream = new RandomStream(7, "one in");
        int hits = 0;
        for (int i = 0; i < 10_000; i++) {
            hits += stream.oneIn(10) ? 1 : 0;
        }
        assertThat(hits).isBetween(900, 1100);
    }

    @Test
    void aBoundThatIsNotPositiveIsAMistake() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new RandomStream(1, "x").nextInt(0));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new RandomStream(1, "x").nextInt(-1));
    }
}
