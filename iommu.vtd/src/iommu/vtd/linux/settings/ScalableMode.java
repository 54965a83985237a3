// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.linux.settings;

import iommu.api.profile.KernelOption;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;

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
    private static final String PARAMETER = "intel_iommu=";

    /** Returns what a kernel's command line says; the last word counts. */
    static KernelOption option(String commandLine) {
        ScalableMode mode = AS_FOUND;
        for (String value : values(commandLine, PARAMETER)) {
            mode = value.equals("sm_on") ? ON : value.equals("sm_off") ? OFF : mode;
        }
        return new KernelOption(SETTING, mode.ordinal(), "scalable mode "
                + mode.name().toLowerCase(Locale.ROOT).replace('_', ' '));
    }

    /** Returns all values that a parameter has on a command line, in their order. */
    static List<String> values(String commandLine, String parameter) {
        return Stream.of(commandLine.trim().split("\\s+"))
                .filter(word -> word.startsWith(parameter))
                .flatMap(word -> Stream.of(word.substring(parameter.length()).split(","))).toList();
    }
}
