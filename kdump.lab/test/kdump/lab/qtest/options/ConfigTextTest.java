// SPDX-License-Identifier: Apache-2.0
package kdump.lab.qtest.options;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class ConfigTextTest {

    @Test
    void wordsAndRangesOfThem() {
        assertThat(ConfigText.bytes(16, "0:1234 8-c:fffffff0")).containsExactly(0x34, 0x12, 0, 0,
                0, 0, 0, 0, 0xf0, 0xff, 0xff, 0xff, 0xf0, 0xff, 0xff, 0xff);
    }

    @Test
    void wordBeyondTheEndIsAMistake() {
        assertThatThrownBy(() -> ConfigText.bytes(16, "10:1"))
                .isInstanceOf(IllegalArgumentException.class).hasMessage("10:1 in 16 bytes");
    }
}
