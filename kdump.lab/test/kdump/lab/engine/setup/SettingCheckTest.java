// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.setup;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import iommu.api.profile.KernelProfile;
import java.util.Map;
import kdump.lab.engine.Fixture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Which kernel settings are taken, and what is said of others. */
class SettingCheckTest {

    private final SettingCheck check = new SettingCheck(Fixture.SERVICES);

    @Test
    void settingsOfEveryVendorAndOfTheKernelItselfAreKnown() {
        assertThatCode(() -> check.check(Map.of())).doesNotThrowAnyException();
        for (var vendor : Fixture.SERVICES.vendors().values()) {
            for (String name : vendor.kernelSettings()) {
                assertThatCode(() -> check.check(Map.of(name, 1L))).doesNotThrowAnyException();
            }
        }
        for (String name : GenericOptions.SETTINGS) {
            assertThatCode(() -> check.check(Map.of(name, 0L))).doesNotThrowAnyException();
        }
    }

    @Test
    void aNameThatNobodyKnowsIsToldWithThoseAlike() {
        assertThatThrownBy(() -> check.check(Map.of("vtd.tearDwon", 1L)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("unknown kernel setting 'vtd.tearDwon', expected one of ")
                .hasMessageContaining("vtd.tearDown").hasMessageNotContaining("amdvi.");
    }

    @ParameterizedTest
    @ValueSource(strings = {"tearDown", "nobody.tearDown", "", ".", "VTD.tearDown"})
    void withoutAnyAlikeAllAreTold(String name) {
        assertThatThrownBy(() -> check.check(Map.of(name, 1L)))
                .hasMessageStartingWith("unknown kernel setting '" + name + "'")
                .hasMessageContaining("vtd.tearDown").hasMessageContaining("amdvi.");
    }

    @ParameterizedTest
    @ValueSource(longs = {0, 1, 999, 1000})
    void failuresAreInAThousand(long value) {
        assertThatCode(() -> check.check(Map.of(KernelProfile.CRASH_FAILURES, value)))
                .doesNotThrowAnyException();
    }

    @ParameterizedTest
    @ValueSource(longs = {-1, 1001, Long.MIN_VALUE, Long.MAX_VALUE})
    void moreOrLessIsRefused(long value) {
        assertThatThrownBy(() -> check.check(Map.of(KernelProfile.CRASH_FAILURES, value)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("kernel setting '" + KernelProfile.CRASH_FAILURES + "' is " + value
                        + ", expected 0 to 1000");
    }
}
