// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.linux.settings;

import iommu.api.profile.KernelProfile;

/**
 * What a kernel's command line and build say of VT-d units; each is in {@link BootSetting} under
 * the same name.
 *
 * @param remapsDma whether units are to translate
 * @param remapsInterrupts whether interrupts are to be remapped where firmware and units can
 * @param usesX2apic whether x2APIC mode may be used
 * @param heedsX2apicOptOut whether firmware can forbid that
 * @param verifiesSource whether interrupt entries name their source
 * @param igfxOff whether units of graphics alone are left unused
 * @param isKdump whether this is a capture kernel, and knows it
 */
public record BootOptions(boolean remapsDma, boolean remapsInterrupts, boolean usesX2apic,
        boolean heedsX2apicOptOut, boolean verifiesSource, boolean igfxOff, boolean isKdump) {

    private static final int AS_BUILT = 0;
    private static final int ON = 1;

    /**
     * Returns those of a kernel.
     *
     * @throws IllegalArgumentException if a value is out of range
     */
    public static BootOptions of(KernelProfile kernel) {
        int wanted = BootSetting.DMA_REMAPPING.of(kernel);
        boolean defaultOn = BootSetting.DEFAULT_ON.isSet(kernel);
        return new BootOptions(wanted == ON || wanted == AS_BUILT && defaultOn,
                BootSetting.INTERRUPT_REMAPPING.isSet(kernel), BootSetting.X2APIC.isSet(kernel),
                BootSetting.X2APIC_OPT_OUT.isSet(kernel),
                BootSetting.VERIFIES_SOURCE.isSet(kernel), BootSetting.IGFX_OFF.isSet(kernel), BootSetting.KDUMP.isSet(kernel));
    }
}
