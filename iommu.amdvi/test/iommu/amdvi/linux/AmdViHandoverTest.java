// SPDX-License-Identifier: Apache-2.0
package iommu.amdvi.linux;

import static iommu.api.kdump.Phase.DMA_REMAPPING;
import static iommu.api.kdump.Phase.INTERRUPT_REMAPPING;
import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.kdump.HandoverEvent.PhaseStart;
import iommu.api.kdump.HandoverEvent.StepRefused;
import iommu.api.kdump.Phase;
import iommu.api.kdump.Step;
import iommu.api.kdump.Step.AdoptTables;
import iommu.api.kdump.Step.DisableTranslation;
import iommu.api.kdump.Step.InitialiseInterrupts;
import iommu.api.kdump.Step.Print;
import iommu.api.kdump.Step.StartClean;
import iommu.api.profile.KernelProfile;
import iommu.api.profile.KernelVersion;
import iommu.api.unit.AdoptDepth;
import iommu.testkit.FakeHandover;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What versions do by themselves, with which command line. */
class AmdViHandoverTest {

    private static final AdoptDepth COPY = AdoptDepth.CONTEXTS;

    private static KernelProfile linux(String version) {
        return KernelProfile.linux(KernelVersion.parse(version));
    }

    /** Two units that a crashed kernel left on. */
    private static FakeHandover two() {
        return new FakeHandover().unit("amdvi", true, KernelFixture.crashed().unit)
                .unit("amdvi", true, KernelFixture.crashed().unit);
    }

    private static List<Step> at(Phase phase, KernelProfile kernel, FakeHandover machine) {
        return new AmdViHandover().decide(kernel, new PhaseStart(phase), machine);
    }

    @ParameterizedTest
    @CsvSource({"4.14, CONTEXTS", "6.1, CONTEXTS", "6.17, CONTEXTS", "6.18, IN_PLACE",
        "7.3, IN_PLACE"})
    void unitsAreTakenOverWithInterruptsAndFinishedAtT6(String version, AdoptDepth depth) {
        assertThat(at(INTERRUPT_REMAPPING, linux(version), two())).containsExactly(
                new InitialiseInterrupts(0), new InitialiseInterrupts(1));
        assertThat(at(DMA_REMAPPING, linux(version), two())).containsExactly(
                new AdoptTables(0, depth), new AdoptTables(1, depth));
        assertThat(at(Phase.DRIVERS, linux(version), two())).isEmpty();
    }

    @Test
    void aRefusedTableMeansACleanStartAndTheOthersGoOn() {
        var refused = new StepRefused(new AdoptTables(0, COPY), "no");
        assertThat(new AmdViHandover().decide(linux("6.1"), refused, two()))
                .containsExactly(new StartClean(0), new AdoptTables(1, COPY));
        assertThat(new AmdViHandover().decide(linux("6.1"),
                new StepRefused(new StartClean(0), "no"), two())).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({"3.6, 0", "3.7, 2", "4.13, 2"})
    void before414EveryUnitStartsClean(String version, int atT4) {
        assertThat(at(INTERRUPT_REMAPPING, linux(version), two())).hasSize(atT4);
        assertThat(at(DMA_REMAPPING, linux(version), two()))
                .containsExactly(new StartClean(0), new StartClean(1));
    }

    @Test
    void aUnitThatIsOffStartsClean() {
        var off = new FakeHandover().unit("amdvi", true, new KernelFixture().unit);
        assertThat(at(DMA_REMAPPING, linux("6.1"), off)).containsExactly(new StartClean(0));
    }

    @Test
    void withoutInterruptRemappingItAllHappensAtT6() {
        KernelProfile kernel = linux("7.3").with("amdvi.interruptRemapping", 0);
        assertThat(at(INTERRUPT_REMAPPING, kernel, two())).isEmpty();
        assertThat(at(DMA_REMAPPING, kernel, two())).containsExactly(
                new AdoptTables(0, AdoptDepth.IN_PLACE), new AdoptTables(1, AdoptDepth.IN_PLACE));
    }

    @Test
    void aPlannedKexecTakesNothingOver() {
        KernelProfile kernel = linux("6.1").with("amdvi.kdump", 0);
        assertThat(at(INTERRUPT_REMAPPING, kernel, two())).contains(
                new Print("AMD-Vi: Translation was enabled for IOMMU:1 but we are not in kdump"
                        + " mode"), new InitialiseInterrupts(1));
        assertThat(at(DMA_REMAPPING, kernel, two()))
                .containsExactly(new StartClean(0), new StartClean(1));
    }

    @ParameterizedTest
    @CsvSource({"4.12, 1, 0", "4.13, 1, 2", "5.11, 1, 2", "5.12, 1, 0", "7.3, 1, 0", "5.11, 2, 0",
        "7.3, 2, 0"})
    void unitsThatAreNotWantedAreLeftOrSwitchedOff(String version, int disabled, int steps) {
        KernelProfile kernel = linux(version).with("amdvi.disabled", disabled);
        List<Step> early = at(INTERRUPT_REMAPPING, kernel, two());
        assertThat(early).hasSize(steps).allMatch(DisableTranslation.class::isInstance);
        assertThat(at(DMA_REMAPPING, kernel, two())).isEmpty();
        KernelProfile late = kernel.with("amdvi.interruptRemapping", 0);
        assertThat(at(INTERRUPT_REMAPPING, late, two())).isEmpty();
        assertThat(at(DMA_REMAPPING, late, two())).isEqualTo(early);
    }

    @Test
    void unitsOfOtherVendorsAreNoBusinessOfIts() {
        var mixed = new FakeHandover().unit("vtd", null)
                .unit("amdvi", true, KernelFixture.crashed().unit);
        assertThat(at(DMA_REMAPPING, linux("6.1"), mixed))
                .containsExactly(new AdoptTables(1, COPY));
    }
}
