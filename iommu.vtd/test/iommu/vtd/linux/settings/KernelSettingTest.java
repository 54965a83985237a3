// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.linux.settings;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import iommu.api.profile.KernelProfile;
import iommu.api.profile.KernelVersion;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Each setting over all versions: the value of the oldest, and every version that changes it. */
class KernelSettingTest {

    /** Returns all versions from 2.6.20 on, with the stable ones near a change, in order. */
    private static List<String> versions() {
        var all = new ArrayList<String>();
        range(all, "2.6.", 20, 39);
        range(all, "3.", 0, 19);
        range(all, "4.", 0, 20);
        range(all, "5.", 0, 15);
        range(all, "5.15.", 60, 80);
        range(all, "5.", 16, 19);
        range(all, "5.19.", 1, 17);
        range(all, "6.", 0, 15);
        range(all, "6.15.", 1, 11);
        range(all, "6.", 16, 19);
        range(all, "7.", 0, 6);
        return all;
    }

    private static void range(List<String> all, String prefix, int first, int last) {
        for (int i = first; i <= last; i++) {
            all.add(prefix + i);
        }
    }

    private static String changes(Function<KernelVersion, Object> value) {
        var told = new StringBuilder();
        Object before = null;
        for (String version : versions()) {
            Object now = value.apply(KernelVersion.parse(version));
            if (!now.equals(before)) {
                told.append(before == null ? "" : " " + version + "=").append(now);
            }
            before = now;
        }
        return told.toString();
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource({
        "LOADS_STATUS, 0 3.10=1", "COPIES_TABLES, 0 4.2=1", "COPIES_INTERRUPT_TABLE, 0 4.2=1",
        "FLUSHES_OLD_DOMAIN, 0 4.10=1", "KNOWS_SCALABLE_MODE, 0 5.0=1",
        "ATTACHES_AT_START, 0 5.3=1", "USES_FIRST_STAGE, 0 5.6=1", "DISABLES_EXECUTION, 1 6.11=0",
        "MARKS_ENTRIES, 1 5.15.69=0 5.16=1 5.19.10=0", "FLUSHES_ALL_SCALABLE, 0 6.9=1",
        "TEAR_DOWN, 0 6.12=1 7.3=2", "KEEPS_UPPER_HALF, 0 7.3=1", "ENABLES_ATS, 0 2.6.31=1",
        "CHECKS_ALIGNMENT, 0 5.1=1", "GIVES_UP_ABSENT, 0 6.9=1", "PREPARES_ATS, 0 6.12=1",
        "ENABLES_ATS_AT_PROBE, 0 6.15=1", "TAGS_DEVICE_TLB, 1 6.15=0 6.15.6=1",
        "ASKS_PRESENCE, 0 7.0=1", "MAPS_RESERVED_AT_ATTACH, 0 4.4=1", "ENABLES_LAST, 0 5.3=1",
        "SETS_UP_ALIASES, 1 6.9=0", "OFF_DISABLES, 0 3.10=1 4.2=0 4.12=1", "SCALABLE_MODE, 0",
        "RESERVES_PASID_IDS, 0"})
    void changesWithTheseVersionsAndNoOthers(KernelSetting setting, String expected) {
        assertThat(changes(v -> setting.of(KernelProfile.linux(v)))).isEqualTo(expected);
    }

    @Test
    void theLinesOfFaultsChangeWithTheseVersions() {
        assertThat(changes(FaultLines::of)).isEqualTo("BARE 3.6=MODULE_NAME 4.2=SUBSYSTEM"
                + " 4.6=ONE_LINE 5.4=PASID 5.14=HEXADECIMAL 5.15=PLAIN_IDS");
    }

    /** What a profile says counts for every version; what it says must be one of the values. */
    @ParameterizedTest(name = "{0}")
    @EnumSource(KernelSetting.class)
    void aProfileOverridesEveryVersion(KernelSetting setting) {
        int most = setting == KernelSetting.TEAR_DOWN || setting == KernelSetting.SCALABLE_MODE
                ? 2 : 1;
        for (int value = 0; value <= most; value++) {
            int fixed = value;
            assertThat(changes(v -> setting.of(KernelProfile.linux(v).with(setting.key(), fixed))))
                    .isEqualTo("" + value);
        }
        for (long wrong : new long[] {-1, most + 1, Long.MAX_VALUE, 1L << 32}) {
            var kernel = KernelProfile.linux61().with(setting.key(), wrong);
            assertThatThrownBy(() -> setting.of(kernel))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage(setting.key() + " = " + wrong + ", expected 0 to " + most);
        }
    }

    @Test
    void everySettingHasANameOfItsOwn() {
        assertThat(Stream.concat(Arrays.stream(KernelSetting.values()).map(KernelSetting::key),
                Arrays.stream(BootSetting.values()).map(BootSetting::key)))
                .doesNotHaveDuplicates().allMatch(key -> key.startsWith("vtd."))
                .containsExactlyInAnyOrderElementsOf(KernelQuirks.KNOWN);
    }
}
