// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.linux;

import iommu.api.profile.KernelOption;
import java.util.Locale;

/**
 * Whether a kernel uses scalable mode: the setting "vtd.scalableMode", by value.
 *
 * <p>Source: Linux, intel/iommu.c, intel_iommu_setup.
 */
enum ScalableMode {
    /** 0: if it finds the unit in that mode; what its configuration says is not known. */
    AS_FOUND,
    /** 1, intel_iommu=sm_off: never. */
    OFF,
    /** 2, intel_iommu=sm_on: if the unit can. */
    ON;

    /** Name of the setting. */
    static final String SETTING = "vtd.scalableMode";
    private static final String PARAMETER = "intel_iommu=";

    /** Returns what a kernel's command line says; the last word counts. */
    static KernelOption option(String commandLine) {
        ScalableMode mode = AS_FOUND;
        for (String word : commandLine.trim().split("\\s+")) {
            String list = word.startsWith(PARAMETER) ? word.substring(PARAMETER.length()) : "";
            for (String value : list.split(",")) {
                mode = value.equals("sm_on") ? ON : value.equals("sm_off") ? OFF : mode;
            }
        }
        return new KernelOption(SETTING, mode.ordinal(), "scalable mode "
                + mode.name().toLowerCase(Locale.ROOT).replace('_', ' '));
    }
}
