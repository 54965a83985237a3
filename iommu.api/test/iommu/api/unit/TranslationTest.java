// SPDX-License-Identifier: Apache-2.0
package iommu.api.unit;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TranslationTest {

    @ParameterizedTest
    @CsvSource({"0x0, 12", "0x12345678, 12", "0xfffffffffffff, 21", "0xffffffffff000, 30",
        "0x1000, 63"})
    void addressAndPageSizeComeBack(String address, int pageShift) {
        long translation = Translation.to(Long.decode(address), pageShift);
        assertThat(Translation.address(translation)).isEqualTo(Long.decode(address));
        assertThat(Translation.pageShift(translation)).isEqualTo(pageShift);
        assertThat(Translation.isBlocked(translation)).isFalse();
        assertThat(Translation.isUntranslated(translation)).isFalse();
    }

    @ParameterizedTest
    @CsvSource({"0", "1", "0x86", "0x7fffffff", "-1"})
    void aReasonComesBack(String reason) {
        long translation = Translation.blocked(Integer.decode(reason));
        assertThat(Translation.isBlocked(translation)).isTrue();
        assertThat(Translation.isUntranslated(translation)).isFalse();
        assertThat(Translation.reason(translation)).isEqualTo(Integer.decode(reason));
    }

    @Test
    void aUnitThatDoesNotTranslateSaysSo() {
        long translation = Translation.untranslated();
        assertThat(Translation.isUntranslated(translation)).isTrue();
        assertThat(Translation.isBlocked(translation)).isFalse();
    }
}
