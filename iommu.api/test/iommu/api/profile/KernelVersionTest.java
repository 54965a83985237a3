// SPDX-License-Identifier: Apache-2.0
package iommu.api.profile;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class KernelVersionTest {

    @ParameterizedTest
    @CsvSource({"6.1, 6.1", "linux-4.2, 4.2", "2.6.34, 2.6.34", "6.1.0-56-amd64, 6.1",
            "6.12.107+deb12-amd64, 6.12.107", "7.3-rc4, 7.3", "2.6.32.12, 2.6.32",
            "linux-2.6.33.3-85.fc13.x86_64, 2.6.33",
            "2.6.32-754.el6.x86_64, 2.6.32"})
    void readsWhatKernelsCallThemselves(String text, String version) {
        assertThat(KernelVersion.parse(text)).hasToString(version);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "6", "six", "linux-", "6.1.2.3", "2.6.32.", "2.6.32.1.2",
        "6.", "99999999999.1", "-6.1"})
    void refusesWhatIsNoVersion(String text) {
        assertThatThrownBy(() -> KernelVersion.parse(text))
                .isInstanceOf(IllegalArgumentException.class).hasMessageContaining("'" + text);
    }

    @ParameterizedTest
    @CsvSource({"6.1, true", "6.12, true", "7.0, true", "6.0.9, false", "4.20, false"})
    void knowsWhetherAChangeIsIn(String text, boolean in) {
        assertThat(KernelVersion.parse(text).atLeast(6, 1)).isEqualTo(in);
    }

    @Test
    void aSettingLeavesTheOthersAndTheProfileAsTheyWere() {
        var plain = KernelProfile.linux(KernelVersion.parse("4.2")).with("vtd.one", 1);
        var more = plain.with("vtd.two", 2)
                .withStrictInvalidation(false).withDomainWidthBits(39);

        assertThat(plain.settings()).containsOnlyKeys("vtd.one");
        assertThat(more.setting("vtd.one", 0)).isEqualTo(1);
        assertThat(more.setting("vtd.two", 0)).isEqualTo(2);
        assertThat(more.setting("vtd.three", 3)).isEqualTo(3);
        assertThat(more.name()).isEqualTo("linux-4.2");
    }
}
