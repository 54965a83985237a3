// SPDX-License-Identifier: Apache-2.0
package iommu.api.bits;

import static iommu.api.bits.BitField.bits;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import iommu.api.sim.RandomStream;
import iommu.testkit.seeds.Seeds;
import java.math.BigInteger;
import java.util.BitSet;

/** Fields agree with arithmetic on numbers of any length. */
class BitFieldModelTest {

    private static final BigInteger TWO = BigInteger.TWO;

    private static BigInteger big(long unsigned) {
        return new BigInteger(Long.toUnsignedString(unsigned));
    }

    private static BitField field(RandomStream random) {
        int word = random.nextInt(4) * 64;
        int lo = random.nextInt(64);
        return bits(word + lo + random.nextInt(64 - lo), word + lo);
    }

    @Seeds(count = 4)
    void aFieldIsAQuotientAndARemainder(long seed) {
        var random = new RandomStream(seed, "fields");
        for (int round = 0; round < 2000; round++) {
            BitField field = field(random);
            int width = field.hi() - field.lo() + 1;
            int shift = field.lo() % 64;
            BigInteger size = TWO.pow(width);
            long word = random.nextLong() & random.nextLong();
            BigInteger value = big(word).divide(TWO.pow(shift)).mod(size);

            assertThat(field.quadword()).isEqualTo(field.hi() / 64);
            assertThat(big(field.mask()))
                    .isEqualTo(size.subtract(BigInteger.ONE).multiply(TWO.pow(shift)));
            assertThat(big(field.of(word))).isEqualTo(value);
            assertThat(field.isSet(word)).isEqualTo(value.signum() != 0);
            assertThat(big(field.inPlace(word))).isEqualTo(value.multiply(TWO.pow(shift)));
        }
    }

    @Seeds(count = 4)
    void replacingAFieldIsReadBackAndLeavesTheRest(long seed) {
        var random = new RandomStream(seed, "with");
        for (int round = 0; round < 2000; round++) {
            BitField field = field(random);
            long word = random.nextLong();
            long value = random.nextLong() >>> random.nextInt(64);
            boolean fits = big(value).bitLength() <= field.hi() - field.lo() + 1;
            if (!fits) {
                assertThatIllegalArgumentException().isThrownBy(() -> field.with(word, value))
                        .withMessageContaining("bits " + field.hi() + ":" + field.lo());
                continue;
            }
            long replaced = field.with(word, value);
            assertThat(field.of(replaced)).isEqualTo(value);
            assertThat(replaced & ~field.mask()).isEqualTo(word & ~field.mask());
        }
    }

    /** The ranges, read back, are the bits that are set. */
    @Seeds(count = 4)
    void rangesNameEverySetBitOnceFromTheHighestOn(long seed) {
        var random = new RandomStream(seed, "ranges");
        for (int round = 0; round < 500; round++) {
            long[] words = new long[1 + random.nextInt(4)];
            for (int i = 0; i < words.length; i++) {
                words[i] = random.nextLong() & random.nextLong() >> random.nextInt(64);
            }
            var named = new BitSet();
            int before = Integer.MAX_VALUE;
            for (String range : BitField.ranges(words).split(", ")) {
                if (range.isEmpty()) {
                    continue;
                }
                String[] ends = range.split(":");
                int hi = Integer.parseInt(ends[0]);
                int lo = Integer.parseInt(ends[ends.length - 1]);
                assertThat(hi).isLessThan(before);
                assertThat(lo).isLessThanOrEqualTo(hi);
                named.set(lo, hi + 1);
                before = lo;
            }
            assertThat(named).isEqualTo(BitSet.valueOf(words));
        }
    }
}
