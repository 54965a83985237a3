// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.linux.settings;

import iommu.api.profile.KernelOption;
import iommu.api.profile.KernelWords;
import java.util.Locale;

/**
 * Whether a kernel uses scalable mode: the setting "vtd.scalableMode", by value.
 *
 * <p>Source: Linux, intel/iommu.c, intel_iommu_setup.
 */
public enum ScalableMode {
    /** 0: if it finds the unit in that mode; what its configuration says is not known. */
    AS_FOUND,
    /** 1, intel_iommu=sm_off: never. */
    OFF,
    /** 2, intel_iommu=sm_on: if the unit can. */
    ON;

    /** Name of the setting. */
    public static final String SETTING = "vtd.scalableMode";
    private static final KernelWords WORDS = new KernelWords()
            .word("intel_iommu=sm_off", SETTING, OFF.ordinal(), "")
            .word("intel_iommu=sm_on", SETTING, ON.ordinal(), "");

    /** Returns what a kernel's command line says; the last word counts. */
    static KernelOption option(String commandLine) {
        int mode = WORDS.options(commandLine).stream().mapToInt(o -> (int) o.value()).findFirst()
                .orElse(AS_FOUND.ordinal());
        return new KernelOption(SETTING, mode, "scalable mode "
                + values()[mode].name().toLowerCase(Locale.ROOT).replace('_', ' '));
    }
}
