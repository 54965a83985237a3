// SPDX-License-Identifier: Apache-2.0
package iommu.api.bits;

import static iommu.api.bits.BitField.bit;
import static iommu.api.bits.BitField.bits;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class BitFieldTest {

    private static final long WORD = 0xfedc_ba98_7654_3210L;

    @ParameterizedTest
    @CsvSource({"3, 0, 0x0, f", "7, 4, 0x1, f0", "63, 60, 0xf, f000000000000000",
        "63, 0, 0xfedcba9876543210, ffffffffffffffff", "31, 31, 0x0, 80000000",
        "63, 63, 0x1, 8000000000000000"})
    void aFieldIsReadRightAligned(int hi, int lo, String value, String mask) {
        assertThat("0x" + Long.toHexString(bits(hi, lo).of(WORD))).isEqualTo(value);
        assertThat(Long.toHexString(bits(hi, lo).mask())).isEqualTo(mask);
    }

    @Test
    void fieldsOfTheUpperQuadwordAreNumberedThrough() {
        BitField domain = bits(87, 72);
        assertThat(domain.quadword()).isEqualTo(1);
        assertThat(domain.mask()).isEqualTo(0xffff00L);
        assertThat(domain.of(0, 0xaabbccL)).isEqualTo(0xaabb);
        assertThat(bits(15, 8).of(0x1234, 0)).isEqualTo(0x12);
    }

    @Test
    void aBitIsAFieldOfOne() {
        assertThat(bit(5)).isEqualTo(bits(5, 5));
        assertThat(bit(4).isSet(WORD)).isTrue();
        assertThat(bit(5).isSet(WORD)).isFalse();
        assertThat(bit(64).quadword()).isEqualTo(1);
    }

    @Test
    void aFieldInPlaceKeepsItsLowBits() {
        assertThat(bits(63, 12).inPlace(WORD)).isEqualTo(0xfedc_ba98_7654_3000L);
    }

    @Test
    void aFieldIsReplacedAndItsNeighboursAreNot() {
        assertThat(bits(11, 4).with(WORD, 0xff)).isEqualTo(0xfedc_ba98_7654_3ff0L);
        assertThat(bits(63, 0).with(WORD, -1)).isEqualTo(-1);
        assertThat(bits(63, 60).with(0, 0xf)).isEqualTo(0xf000_0000_0000_0000L);
        assertThat(bits(87, 72).with(0, 0x1234)).isEqualTo(0x123400);
    }

    @ParameterizedTest(name = "{0} {1}: {2}")
    @CsvSource(delimiter = '|', value = {"0 | 0 | ''", "1 | 0 | 0", "0xff0 | 0 | 11:4",
        "0xff0 | 0x1000001 | 88, 64, 11:4", "0x10 | -0x8000000000000000 | 127, 4",
        "-1 | -1 | 127:64, 63:0", "5 | 0 | 2, 0"})
    void setBitsAreToldInRanges(String q0, String q1, String ranges) {
        assertThat(BitField.ranges(Long.decode(q0), Long.decode(q1))).isEqualTo(ranges);
    }

    @ParameterizedTest
    @CsvSource({"11, 4, 256", "3, 0, -1", "63, 60, 16", "0, 0, 2"})
    void aValueThatDoesNotFitIsAMistake(int hi, int lo, long value) {
        assertThatIllegalArgumentException().isThrownBy(() -> bits(hi, lo).with(0, value))
                .withMessageContaining(Long.toHexString(value));
    }

    @ParameterizedTest
    @CsvSource({"64, 63", "3, 4", "0, -1", "128, 127"})
    void aFieldThatIsNotInOneQuadwordIsAMistake(int hi, int lo) {
        assertThatIllegalArgumentException().isThrownBy(() -> bits(hi, lo))
                .withMessageContaining(hi + ":" + lo);
    }
}
