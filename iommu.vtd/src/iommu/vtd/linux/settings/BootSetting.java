// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.linux.settings;

import iommu.api.profile.KernelProfile;

/**
 * The settings that a kernel has from its command line and its build, whatever its version: the one
 * table of them, which {@link BootOptions}, {@link CommandLine} and docs/kernels.md share.
 */
enum BootSetting {

    /** CONFIG_INTEL_IOMMU_DEFAULT_ON. */
    DEFAULT_ON("vtd.defaultOn", 1, 1, "",
            "0: a build without INTEL_IOMMU_DEFAULT_ON, which needs `intel_iommu=on`"),
    /** dmar_disabled and no_iommu. */
    DMA_REMAPPING("vtd.dmaRemapping", 2, 0,
            "1, `intel_iommu=on`; 2, `intel_iommu=off`, `iommu=off`",
            "1: units translate; 2: they are left on or switched off, `vtd.offDisables`; 0: as "
                    + "`vtd.defaultOn` says"),
    /** disable_irq_remap. */
    INTERRUPT_REMAPPING("vtd.interruptRemapping", 1, 1, "0, `intremap=off`, `nointremap`",
            "0: nothing is done at T4, IRE stays as it is found"),
    /** Whether the processor's x2APIC mode is used, which the crashed kernel's table tells. */
    X2APIC("vtd.x2apic", 1, 1, "0, `nox2apic`", "0: never EIME (x2apic mode)"),
    /** no_x2apic_optout. */
    X2APIC_OPT_OUT("vtd.x2apicOptOut", 1, 1, "0, `intremap=no_x2apic_optout`",
            "0: firmware's wish for no x2APIC mode is not heeded"),
    /** disable_sourceid_checking. */
    VERIFIES_SOURCE("vtd.verifiesSource", 1, 1, "0, `intremap=nosid`",
            "0: this kernel's interrupt entries take messages from any source (SVT 0)"),
    /** dmar_map_gfx. */
    IGFX_OFF("vtd.igfxOff", 1, 0, "1, `intel_iommu=igfx_off`",
            "1: a unit that serves graphics alone is not used, and switched off at T6"),
    /** is_kdump_kernel. */
    KDUMP("vtd.kdump", 1, 1, "",
            "0: a planned kexec: what is found on is switched off, with the kernel's line");

    private final String key;
    private final int most;
    private final int otherwise;
    private final String row;

    /**
     * Makes one.
     *
     * @param most highest value; the lowest is 0
     * @param otherwise its value where nothing is said
     * @param words values, and what on a command line sets them; empty if nothing does
     * @param meaning what values other than {@code otherwise} are
     */
    BootSetting(String key, int most, int otherwise, String words, String meaning) {
        this.key = key;
        this.most = most;
        this.otherwise = otherwise;
        row = "| `" + key + "` | " + otherwise + " | " + words + " | " + meaning + " |";
    }

    /** Returns its name in profiles and commands. */
    String key() {
        return key;
    }

    /** Returns its row in docs/kernels.md. */
    String row() {
        return row;
    }

    /**
     * Returns its value in a profile.
     *
     * @throws IllegalArgumentException if the value is out of range
     */
    int of(KernelProfile kernel) {
        long value = kernel.setting(key, otherwise);
        if (value < 0 || value > most) {
            throw new IllegalArgumentException(key + " = " + value + ", expected 0 to " + most);
        }
        return (int) value;
    }

    boolean isSet(KernelProfile kernel) {
        return of(kernel) == 1;
    }
}
