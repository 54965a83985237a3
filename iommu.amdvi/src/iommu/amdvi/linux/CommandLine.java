// SPDX-License-Identifier: Apache-2.0
package iommu.amdvi.linux;

import iommu.api.profile.KernelOption;
import iommu.api.profile.KernelProfile;
import iommu.api.profile.KernelWords;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * The words of a command line that concern AMD-Vi units, among them older names of words that
 * concern all units alike.
 *
 * <p>Source: Linux, parse_amd_iommu_options, iommu_setup of pci-dma.c, setup_irqremap.
 */
final class CommandLine {

    private static final String DISABLED = KernelSetting.DISABLED.key();
    private static final String INTERRUPTS = KernelSetting.INTERRUPT_REMAPPING.key();
    private static final int BY_VENDOR_WORD = 1;
    private static final int BY_ANY_WORD = 2;

    private static final KernelWords WORDS = new KernelWords()
            .word("amd_iommu=off", DISABLED, BY_VENDOR_WORD, "AMD-Vi off")
            .word("amd_iommu=fullflush", KernelProfile.STRICT, 1, "strict IOTLB invalidation")
            .closed("amd_iommu", Set.of("irtcachedis", "nohugepages", "v2_pgsizes_only"))
            .note("amd_iommu=force_isolation",
                    "keeps functions from passing through, which none does here")
            .note("amd_iommu=force_enable", "overrides quirks of machines, of which none is here")
            .note("amd_iommu=pgtbl_v1", "asks for the tables that are always used here")
            .note("amd_iommu=pgtbl_v2",
                    "asks for guest page tables, which are not modelled: version 1 is used")
            .note("iommu=soft", "asks for bounce buffers where no unit translates: not needed")
            .note("iommu=force", "concerns GART alone")
            .word("intremap=on", INTERRUPTS, 1, "interrupt remapping where firmware offers it")
            .word("intremap=off", INTERRUPTS, 0, "interrupt remapping off")
            .word("nointremap", INTERRUPTS, 0, "interrupt remapping off")
            .note("intremap=nosid", "concerns VT-d alone")
            .note("intremap=no_x2apic_optout", "concerns VT-d alone")
            .note("intremap=nopost", "forbids posted interrupts, which none uses here")
            .note("nox2apic",
                    "forbids interrupt entries of 32-bit destinations, which none has here")
            .note("pci=noats", "forbids device TLBs, which no kernel uses on AMD-Vi here")
            .note("pci=nomsi", "has drivers use pins: here they use messages where they can")
            .note("pci=noaer", "leaves errors to firmware: the capture kernel handles none here");

    /** Sets no_iommu: units are not even looked for, whatever else is said of them. */
    private static final KernelWords NO_IOMMU =
            new KernelWords().word("iommu=off", DISABLED, BY_ANY_WORD, "AMD-Vi off");

    private CommandLine() { }

    /** Returns what a command line says, of each setting the last word. */
    static List<KernelOption> options(String commandLine) {
        List<KernelOption> found = new ArrayList<>(WORDS.options(commandLine));
        List<KernelOption> off = NO_IOMMU.options(commandLine);
        if (!off.isEmpty()) {
            found.removeIf(option -> DISABLED.equals(option.setting()));
            found.addAll(0, off);
        }
        return List.copyOf(found);
    }
}
