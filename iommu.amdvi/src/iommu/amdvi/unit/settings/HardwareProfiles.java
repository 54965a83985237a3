// SPDX-License-Identifier: Apache-2.0
package iommu.amdvi.unit.settings;

import iommu.api.profile.HardwareProfile;
import java.util.EnumSet;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * What known hardware does, by name, as settings of a unit. A profile leaves out what belongs to a
 * machine, such as registers that firmware has locked.
 */
public final class HardwareProfiles {

    /** The unit of the manual: every choice at its default. */
    private static final HardwareProfile SPEC = HardwareProfile.of(
            EnumSet.complementOf(EnumSet.of(UnitSetting.SNP_LOCKED, UnitSetting.FRONT)).stream()
                    .collect(Collectors.toMap(UnitSetting::key, s -> (long) s.otherwise())));

    /** QEMU 7.2's unit. */
    private static final HardwareProfile QEMU_7_2 =
            HardwareProfile.of(Map.of(UnitSetting.AS_QEMU.key(), 1L));

    /** QEMU 10's unit. */
    private static final HardwareProfile QEMU_10 = newer(10);

    /** QEMU 11's unit, with property dma-remap, without which it translates nothing. */
    private static final HardwareProfile QEMU_11 = newer(11);

    private HardwareProfiles() { }

    private static HardwareProfile newer(long version) {
        return HardwareProfile.of(
                Map.of(UnitSetting.AS_QEMU.key(), 1L, UnitSetting.QEMU_VERSION.key(), version));
    }

    /** Returns the profiles by name. */
    public static Map<String, HardwareProfile> named() {
        return Map.of("spec", SPEC, "qemu-7.2", QEMU_7_2, "qemu-10", QEMU_10, "qemu-11", QEMU_11);
    }

    /** Returns the names of all settings of a unit. */
    public static Set<String> settings() {
        return UnitSetting.keys();
    }
}
