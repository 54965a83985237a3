// SPDX-License-Identifier: Apache-2.0
package iommu.legacy.calgary.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import iommu.api.kdump.HandoverEvent;
import iommu.api.kdump.Phase;
import iommu.api.kdump.Step;
import iommu.api.profile.KernelOption;
import iommu.api.profile.KernelProfile;
import iommu.api.profile.KernelVersion;
import iommu.api.unit.AdoptDepth;
import iommu.legacy.calgary.Chip;
import iommu.legacy.calgary.vendor.CalgaryVendor;
import iommu.testkit.FakeHandover;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What a kernel does by itself, by version and command line. */
class CalgaryHandoverTest {

    private final CalgaryHandover handover = new CalgaryHandover();
    private final FakeHandover view = FakeHandover.unitsOf("calgary", "other", "calgary");

    private static KernelProfile linux(String version) {
        return KernelProfile.linux(KernelVersion.parse(version));
    }

    private List<Step> at(KernelProfile kernel, Phase phase) {
        return handover.decide(kernel, new HandoverEvent.PhaseStart(phase), view);
    }

    @ParameterizedTest
    @CsvSource({"2.6.27", "3.10", "5.3"})
    void tablesAreReused(String version) {
        assertThat(at(linux(version), Phase.DMA_REMAPPING)).containsExactly(
                new Step.AdoptTables(0, AdoptDepth.IN_PLACE),
                new Step.AdoptTables(2, AdoptDepth.IN_PLACE));
        assertThat(at(linux(version), Phase.INTERRUPT_REMAPPING)).isEmpty();
    }

    @Test
    void before2627TheyAreNew() {
        assertThat(at(linux("2.6.26"), Phase.DMA_REMAPPING))
                .containsExactly(new Step.StartClean(0), new Step.StartClean(2));
        assertThat(at(linux("2.6.27").with("calgary.kdump", 0), Phase.DMA_REMAPPING))
                .containsExactly(new Step.StartClean(0), new Step.StartClean(2));
    }

    @Test
    void from54OnNobodyTouchesTheChip() {
        assertThat(at(linux("5.5"), Phase.DMA_REMAPPING)).isEmpty();
        assertThat(new CalgaryVendor().driver(linux("5.5"), new Chip().port).remapsDma())
                .isFalse();
    }

    @Test
    void aChipThatRefusesStartsClean() {
        var refused = new HandoverEvent.StepRefused(
                new Step.AdoptTables(0, AdoptDepth.IN_PLACE), "off");
        assertThat(handover.decide(linux("2.6.27"), refused, view)).containsExactly(
                new Step.StartClean(0), new Step.AdoptTables(2, AdoptDepth.IN_PLACE));
        assertThat(handover.decide(linux("2.6.27"),
                new HandoverEvent.StepRefused(new Step.StartClean(0), "off"), view)).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({"iommu=off, calgary.used, 0", "iommu=soft, calgary.used, 0",
        "calgary=64k, calgary.tableSize, 0", "calgary=8M, calgary.tableSize, 7",
        "'calgary=1M,translate_empty_slots', calgary.translatesEmptySlots, 1",
        "memmap=exactmap, calgary.knowsMemoryEnd, 1"})
    void wordsSetSettings(String line, String setting, long value) {
        assertThat(new CalgaryVendor().kernelOptions(line))
                .anyMatch(o -> setting.equals(o.setting()) && o.value() == value);
        assertThat(new CalgaryVendor().kernelSettings()).contains(setting);
    }

    @Test
    void otherWordsSetNothing() {
        assertThat(new CalgaryVendor().kernelOptions("calgary=9M intel_iommu=on"))
                .extracting(KernelOption::setting).isEmpty();
    }

    /** 64 MiB of its own, in a machine of 4 GiB. */
    @ParameterizedTest
    @CsvSource({"2.6.27, 1, 7", "3.15, 7, 7"})
    void sizesFollowTheVersion(String version, int ofNew, int ofFound) {
        CalgaryKernel kernel = CalgaryKernel.of(linux(version));
        assertThat(kernel.sizeOfNew(64L << 20)).isEqualTo(ofNew);
        assertThat(kernel.sizeOfFound(4L << 30)).isEqualTo(ofFound);
    }

    @Test
    void from315OnTheMapOnTheCommandLineDecides() {
        assertThat(CalgaryKernel.of(linux("3.15")).sizeOfFound(2L << 30)).isEqualTo(7);
        assertThat(CalgaryKernel.of(linux("3.15").with("calgary.knowsMemoryEnd", 1))
                .sizeOfFound(2L << 30)).isEqualTo(6);
    }

    @Test
    void theDocumentHasTheRowsOfTheTableAndNoOthers() throws IOException {
        Path document = Path.of(System.getProperty("lab.root", ".."), "docs", "kernels.md");
        assertThat(Files.readAllLines(document)).filteredOn(l -> l.startsWith("| `calgary."))
                .isEqualTo(CalgaryKernel.ALL.stream().flatMap(s -> s.rows().stream()).toList());
    }

    @Test
    void unknownSettingsAreRefused() {
        assertThatThrownBy(() -> CalgaryKernel.of(linux("3.10").with("calgary.other", 1)))
                .hasMessageContaining("unknown kernel setting 'calgary.other'");
        assertThatThrownBy(() -> CalgaryKernel.of(linux("3.10").with("calgary.tableSize", 9)))
                .hasMessageContaining("calgary.tableSize = 9, expected 0 to 8");
    }
}
