// SPDX-License-Identifier: Apache-2.0
package iommu.legacy.versions;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import iommu.api.profile.KernelProfile;
import iommu.api.profile.KernelVersion;
import iommu.legacy.versions.VersionedSetting.Change;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A setting is read from the profile, otherwise from the version. */
class VersionedSettingTest {

    private static final VersionedSetting SETTING = VersionedSetting.of("x.depth", 3, 0, "none",
            new Change("2.6.27, abc", 1, "one"), new Change("3.15", 2, "two"),
            new Change(Change.NEVER, 3, "three"));

    private static KernelProfile linux(String version) {
        return KernelProfile.linux(KernelVersion.parse(version));
    }

    @ParameterizedTest
    @CsvSource({"2.6.26, 0", "2.6.27, 1", "3.14, 1", "3.15, 2", "7.3, 2"})
    void theLastChangeThatIsInCounts(String version, int value) {
        assertThat(SETTING.read(linux(version))).isEqualTo(value);
        assertThat(SETTING.isOn(linux(version))).isEqualTo(value == 1);
    }

    @Test
    void aProfileGoesBeforeTheVersion() {
        assertThat(SETTING.read(linux("2.6.26").with("x.depth", 3))).isEqualTo(3);
        assertThatThrownBy(() -> SETTING.read(linux("2.6.26").with("x.depth", 4)))
                .hasMessage("x.depth = 4, expected 0 to 3: three");
    }

    @Test
    void namesOfThatBeginningMustBeKnown() {
        VersionedSetting.check(linux("3.10").with("x.depth", 1).with("y.a", 1), "x.",
                List.of(SETTING));
        assertThatThrownBy(() -> VersionedSetting.check(linux("3.10").with("x.deep", 1), "x.",
                List.of(SETTING))).hasMessage(
                        "unknown kernel setting 'x.deep', expected one of x.depth");
    }

    @Test
    void aRowTellsWhatWasBefore() {
        assertThat(SETTING.rows()).containsExactly("| `x.depth` = 1 | 2.6.27, abc | one | none |",
                "| `x.depth` = 2 | 3.15 | two | one |", "| `x.depth` | never | three | two |");
    }
}
