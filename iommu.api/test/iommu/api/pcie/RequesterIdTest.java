// SPDX-License-Identifier: Apache-2.0
package iommu.api.pcie;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class RequesterIdTest {

    @ParameterizedTest
    @CsvSource({"0000:02:00.0, 0x200", "02:00.0, 0x200", "0001:ff:1f.7, 0x1ffff",
        "ABCD:0a:10.3, 0xabcd0a83"})
    void lspcisNotationIsRead(String text, String id) {
        assertThat(RequesterId.parse(text)).isEqualTo(Long.decode(id).intValue());
    }

    @Test
    void anIdFallsIntoItsParts() {
        int id = RequesterId.of(0xfedc, 0xba, 0x1e, 5);
        assertThat(RequesterId.bus(id)).isEqualTo(0xba);
        assertThat(RequesterId.device(id)).isEqualTo(0x1e);
        assertThat(RequesterId.function(id)).isEqualTo(5);
        assertThat(RequesterId.devfn(id)).isEqualTo(0xf5);
        assertThat(RequesterId.sourceId(id)).isEqualTo(0xbaf5);
        assertThat(RequesterId.format(id)).isEqualTo("fedc:ba:1e.5");
        assertThat(RequesterId.formatShort(id)).isEqualTo("ba:1e.5");
        assertThat(RequesterId.parse(RequesterId.format(id))).isEqualTo(id);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "2:0.0", "02:00.8", "02:20.0", "10000:02:00.0", "02:00.0 ",
        "02-00.0", "0g:00.0"})
    void anythingElseIsAMistake(String text) {
        assertThatIllegalArgumentException().isThrownBy(() -> RequesterId.parse(text))
                .withMessageContaining("'" + text + "'");
    }

    @Test
    void aConfigSpaceHasOneOfThreeSizes() {
        byte[] config = new byte[256];
        config[0x0a] = 0x08;
        config[0x0b] = 0x01;
        config[0x09] = 0x02;
        config[0x0e] = (byte) 0x81;
        config[0xff] = (byte) 0xee;
        FunctionConfig function = new FunctionConfig(7, config);
        assertThat(function.classCode()).isEqualTo(0x010802);
        assertThat(function.headerType()).isEqualTo(1);
        assertThat(function.u16(0xfe)).isEqualTo(0xee00);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new FunctionConfig(7, new byte[255]));
    }

    @Test
    void accessIsSpeltShort() {
        assertThat(Access.format(Access.NONE)).isEqualTo("-");
        assertThat(Access.format(Access.READ)).isEqualTo("r");
        assertThat(Access.format(Access.WRITE)).isEqualTo("w");
        assertThat(Access.format(Access.READ | Access.WRITE)).isEqualTo("rw");
    }
}
