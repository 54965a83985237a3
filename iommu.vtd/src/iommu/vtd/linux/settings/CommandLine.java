// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.linux.settings;

import iommu.api.profile.KernelOption;
import iommu.api.profile.KernelProfile;
import iommu.api.profile.KernelWords;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * The words of a command line that concern VT-d units, among them older names of words that concern
 * all units alike.
 *
 * <p>Source: Linux, intel_iommu_setup, iommu_setup of pci-dma.c, setup_irqremap, pci_setup.
 */
public final class CommandLine {

    private static final int ON = 1;
    private static final int OFF = 2;
    private static final String REMAPPING = BootSetting.DMA_REMAPPING.key();

    private static final KernelWords WORDS = new KernelWords()
            .word("intel_iommu=on", REMAPPING, ON, "DMA remapping on")
            .word("intel_iommu=off", REMAPPING, OFF, "DMA remapping off")
            .word("intel_iommu=igfx_off", BootSetting.IGFX_OFF.key(), 1,
                    "units of graphics alone are not used")
            .word("intel_iommu=strict", KernelProfile.STRICT, 1, "strict IOTLB invalidation")
            .word("intel_iommu=forcedac", KernelProfile.FORCE_DAC, 1,
                    "I/O addresses from the top of the domain down")
            .note("intel_iommu=tboot_noforce", "concerns measured launch, which none does here")
            .closed("intel_iommu", Set.of("sm_on", "sm_off"))
            .closed("intremap", Set.of("posted_msi"))
            .note("intel_iommu=sp_off",
                    "forbids large pages: registered memory is mapped in them all the same")
            .note("intel_iommu=nobounce", "concerns devices that are not trusted: none is here")
            .note("iommu=soft", "asks for bounce buffers where no unit translates: not needed")
            .note("iommu=force", "concerns GART alone")
            .word("intremap=on", BootSetting.INTERRUPT_REMAPPING.key(), 1,
                    "interrupt remapping on")
            .word("intremap=off", BootSetting.INTERRUPT_REMAPPING.key(), 0,
                    "interrupt remapping off")
            .word("nointremap", BootSetting.INTERRUPT_REMAPPING.key(), 0,
                    "interrupt remapping off")
            .word("intremap=nosid", BootSetting.VERIFIES_SOURCE.key(), 0,
                    "sources of interrupts are not verified")
            .word("intremap=no_x2apic_optout", BootSetting.X2APIC_OPT_OUT.key(), 0,
                    "firmware's x2APIC opt-out is not heeded")
            .note("intremap=nopost", "forbids posted interrupts, which none uses here")
            .word("nox2apic", BootSetting.X2APIC.key(), 0, "no x2APIC mode")
            .word("pci=noats", KernelSetting.ENABLES_ATS.key(), 0, "no device TLBs")
            .note("pci=nomsi", "has drivers use pins: here they use messages where they can")
            .note("pci=noaer", "leaves errors to firmware: the capture kernel handles none here");

    /** Sets no_iommu, which stays set, whatever intel_iommu= says. */
    private static final KernelWords NO_IOMMU =
            new KernelWords().word("iommu=off", REMAPPING, OFF, "DMA remapping off");

    private CommandLine() { }

    /** Returns what a command line says: of scalable mode and of DMA remapping in any case. */
    public static List<KernelOption> options(String commandLine) {
        List<KernelOption> found = new ArrayList<>();
        found.add(ScalableMode.option(commandLine));
        List<KernelOption> words = new ArrayList<>(WORDS.options(commandLine));
        List<KernelOption> off = NO_IOMMU.options(commandLine);
        if (!off.isEmpty()) {
            words.removeIf(o -> REMAPPING.equals(o.setting()));
            words.addAll(0, off);
        }
        if (words.stream().noneMatch(o -> REMAPPING.equals(o.setting()))) {
            found.add(new KernelOption(REMAPPING, 0, "DMA remapping as built ("
                    + BootSetting.DEFAULT_ON.key() + ")"));
        }
        found.addAll(words);
        return List.copyOf(found);
    }
}
