// SPDX-License-Identifier: Apache-2.0
package iommu.amdvi.linux;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.amdvi.linux.KernelQuirks.Disabled;
import iommu.amdvi.vendor.AmdViVendor;
import iommu.api.profile.KernelOption;
import iommu.api.profile.KernelProfile;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What the words of a command line mean for the code of this vendor. */
class CommandLineTest {

    private static KernelQuirks quirks(String commandLine) {
        KernelProfile kernel = KernelProfile.linux61();
        for (KernelOption option : new AmdViVendor().kernelOptions(commandLine)) {
            kernel = option.setting() == null ? kernel
                    : kernel.with(option.setting(), option.value());
        }
        return KernelQuirks.of(kernel);
    }

    @ParameterizedTest
    @CsvSource({"quiet, NO, true", "amd_iommu=off, BY_VENDOR_WORD, true",
        "iommu=off, BY_ANY_WORD, true", "amd_iommu=off iommu=off, BY_ANY_WORD, true",
        "'amd_iommu=fullflush,off', BY_VENDOR_WORD, true", "iommu=pt, NO, true",
        "intremap=off, NO, false", "nointremap, NO, false", "intremap=off intremap=on, NO, true"})
    void wordsSwitchUnitsAndInterrupts(String line, Disabled disabled, boolean interrupts) {
        assertThat(quirks(line).disabled()).isEqualTo(disabled);
        assertThat(quirks(line).remapsInterrupts()).isEqualTo(interrupts);
    }

    @ParameterizedTest
    @ValueSource(strings = {"amd_iommu=fullflush", "quiet amd_iommu=fullflush,force_enable"})
    void theOlderNameOfStrictInvalidationIsKnown(String line) {
        assertThat(CommandLine.options(line)).contains(new KernelOption(KernelProfile.STRICT, 1,
                "strict IOTLB invalidation"));
        assertThat(CommandLine.options("amd_iommu=off")).noneMatch(
                o -> KernelProfile.STRICT.equals(o.setting()));
    }

    @ParameterizedTest
    @ValueSource(strings = {"amd_iommu=on", "amd_iommu=force_isolation", "amd_iommu=force_enable",
        "amd_iommu=pgtbl_v1", "amd_iommu=pgtbl_v2", "iommu=soft", "iommu=force",
        "intremap=nosid", "intremap=no_x2apic_optout", "intremap=nopost", "nox2apic",
        "pci=noats", "pci=nomsi", "pci=noaer"})
    void whatAKnownWordDoesNotDoHereIsSaid(String word) {
        List<KernelOption> told = CommandLine.options(word);
        assertThat(told).hasSize(1).allMatch(option -> option.setting() == null
                && option.words().startsWith(word + " ") && option.words().indexOf('\n') < 0);
        assertThat(quirks(word)).isEqualTo(quirks(""));
    }
}
