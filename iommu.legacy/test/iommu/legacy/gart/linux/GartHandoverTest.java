// SPDX-License-Identifier: Apache-2.0
package iommu.legacy.gart.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import iommu.api.kdump.HandoverEvent;
import iommu.api.kdump.Phase;
import iommu.api.kdump.Step;
import iommu.api.profile.KernelOption;
import iommu.api.profile.KernelProfile;
import iommu.api.profile.KernelVersion;
import iommu.legacy.gart.GartRegisters;
import iommu.legacy.gart.Northbridge;
import iommu.legacy.gart.vendor.GartVendor;
import iommu.testkit.FakeHandover;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What a kernel does by itself: nothing, as a rule. */
class GartHandoverTest {

    private static KernelProfile linux(String version) {
        return KernelProfile.linux(KernelVersion.parse(version));
    }

    private static Northbridge node(int control, int base) {
        return new Northbridge(Map.of(GartRegisters.CONTROL, control, GartRegisters.BASE, base),
                Map.of());
    }

    private static List<Step> at(KernelProfile kernel, Phase phase, Northbridge... nodes) {
        var view = new FakeHandover().unit("other", null);
        for (Northbridge node : nodes) {
            view.unit("gart", node.unit);
        }
        return new GartHandover().decide(kernel, new HandoverEvent.PhaseStart(phase), view);
    }

    @Test
    void whatIsOnStaysAsItIs() {
        Northbridge on = node(3, 0x64);
        for (Phase phase : Phase.values()) {
            assertThat(at(linux("2.6.27"), phase, on, node(3, 0x64)))
                    .isEqualTo(phase != Phase.INTERRUPT_REMAPPING ? List.of()
                            : List.of(new Step.InitialiseInterrupts(1),
                                    new Step.InitialiseInterrupts(2)));
        }
    }

    @ParameterizedTest
    @CsvSource({"2.6.33, 3, false", "2.6.34, 3, true", "2.6.34, 2, false", "5.10, 3, true"})
    void laterKernelsSwitchOffWhatTheyFindOn(String version, int control, boolean off) {
        assertThat(at(linux(version), Phase.SETUP_ARCH, node(control, 0x64)))
                .isEqualTo(off ? List.of(new Step.DisableTranslation(1)) : List.of());
        assertThat(at(linux(version).with("gart.disablesFound", 0), Phase.SETUP_ARCH,
                node(control, 0x64))).isEmpty();
    }

    @Test
    void whoMapsEverythingMakesATable() {
        assertThat(at(linux("2.6.27").with("gart.force", 1), Phase.DMA_REMAPPING, node(3, 0x64)))
                .containsExactly(new Step.StartClean(1));
        assertThat(at(linux("2.6.27").with("gart.force", 1).with("gart.used", 0),
                Phase.DMA_REMAPPING, node(3, 0x64))).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({"3, 0x64, 3, 0x66, true", "3, 0x64, 2, 0x64, true", "3, 0x64, 5, 0x64, true",
        "3, 0, 3, 0, true", "3, 0x7f, 3, 0x7f, true", "2, 0, 2, 0, false", "2, 0x64, 2, 0x66, true",
        "3, 0x64, 3, 0x64, false"})
    void nodesThatDoNotAgreeAreSwitchedOffAtT3(int control, String base, int other,
            String otherBase, boolean off) {
        boolean on = ((control | other) & 1) != 0;
        assertThat(at(linux("2.6.27"), Phase.SETUP_ARCH, node(control, Integer.decode(base)),
                node(other, Integer.decode(otherBase))))
                .isEqualTo(off && on ? List.of(new Step.DisableTranslation(1),
                        new Step.DisableTranslation(2)) : List.of());
        assertThat(at(linux("2.6.24"), Phase.SETUP_ARCH, node(control, Integer.decode(base)),
                node(other, Integer.decode(otherBase)))).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({"gart_fix_e820=off, gart.reservesFound, 0", "iommu=force, gart.force, 1",
        "iommu=off, gart.used, 0", "iommu=soft, gart.used, 0",
        "'iommu=nofullflush,force', gart.flushesAlways, 0"})
    void wordsSetSettings(String line, String setting, long value) {
        assertThat(new GartVendor().kernelOptions(line))
                .anyMatch(o -> setting.equals(o.setting()) && o.value() == value);
        assertThat(new GartVendor().kernelSettings()).contains(setting);
    }

    @Test
    void otherWordsSetNothing() {
        assertThat(new GartVendor().kernelOptions("iommu=pt gart=off"))
                .extracting(KernelOption::setting).isEmpty();
        assertThat(new GartVendor().unitSettings()).contains("tlbEntries");
        assertThatThrownBy(() -> GartKernel.of(linux("3.10").with("gart.apertureOrder", 6)))
                .hasMessageContaining("expected 0 to 5");
    }

    @Test
    void theDocumentHasTheRowsOfTheTableAndNoOthers() throws IOException {
        Path document = Path.of(System.getProperty("lab.root", ".."), "docs", "kernels.md");
        assertThat(Files.readAllLines(document)).filteredOn(l -> l.startsWith("| `gart."))
                .isEqualTo(GartKernel.ALL.stream().flatMap(s -> s.rows().stream()).toList());
    }
}
