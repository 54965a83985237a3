// SPDX-License-Identifier: Apache-2.0
package iommu.api.pcie;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TranslationCompletionTest {

    /** Sizes as the specification's table of S and address bits has them. */
    @ParameterizedTest(name = "2^{0} bytes: {1}")
    @CsvSource({"12, 0x4000003", "13, 0x4000803", "14, 0x4001803", "21, 0x40ff803",
        "26, 0x5fff803"})
    void aRangeIsToldByTheBitsBelowItsSize(int shift, String entry) {
        long address = 0x400_0000L;
        long completion = TranslationCompletion.of(address, shift, 3);
        assertThat(completion).isEqualTo(Long.decode(entry));
        assertThat(TranslationCompletion.shift(completion)).isEqualTo(shift);
        assertThat(TranslationCompletion.address(completion)).isEqualTo(address);
        assertThat(TranslationCompletion.access(completion)).isEqualTo(3);
    }

    @Test
    void anAnswerWithoutDataGrantsNothing() {
        long refused = TranslationCompletion.unsupportedRequest();
        long aborted = TranslationCompletion.completerAbort();
        assertThat(TranslationCompletion.isSuccess(refused)).isFalse();
        assertThat(TranslationCompletion.isSuccess(aborted)).isFalse();
        assertThat(TranslationCompletion.isCompleterAbort(aborted)).isTrue();
        assertThat(TranslationCompletion.isCompleterAbort(refused)).isFalse();
        assertThat(TranslationCompletion.access(aborted)).isZero();
        assertThat(TranslationCompletion.isSuccess(TranslationCompletion.nothing())).isTrue();
        assertThat(TranslationCompletion.access(TranslationCompletion.nothing())).isZero();
    }
}
