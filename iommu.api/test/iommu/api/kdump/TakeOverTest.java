// SPDX-License-Identifier: Apache-2.0
package iommu.api.kdump;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.kdump.HandoverEvent.FirstMap;
import iommu.api.kdump.HandoverEvent.ProbeEnd;
import iommu.api.kdump.HandoverEvent.ProbeStart;
import iommu.api.kdump.Step.AdoptTables;
import iommu.api.kdump.Step.DisableTranslation;
import iommu.api.kdump.Step.InitialiseInterrupts;
import iommu.api.kdump.Step.StartClean;
import iommu.api.unit.AdoptDepth;
import iommu.testkit.FakeHandover;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Phases, and the order in which Linux takes units over. */
class TakeOverTest {

    private static final HandoverPolicy CONTEXTS =
            (event, view, notes) -> TakeOver.adopting(event, view, AdoptDepth.CONTEXTS);

    private final FakeHandover three = FakeHandover.unitsOf("vtd", "vtd", "vtd");

    @Test
    void interruptsOfAllUnitsComeFirstThenTheirTables() {
        assertThat(three.at(Phase.INTERRUPT_REMAPPING, CONTEXTS)).containsExactly(
                new InitialiseInterrupts(0), new InitialiseInterrupts(1),
                new InitialiseInterrupts(2));
        assertThat(three.at(Phase.DMA_REMAPPING, CONTEXTS)).containsExactly(
                new AdoptTables(0, AdoptDepth.CONTEXTS), new AdoptTables(1, AdoptDepth.CONTEXTS),
                new AdoptTables(2, AdoptDepth.CONTEXTS));
    }

    /** A kernel sets up all units together, or none: see docs/decisions/05. */
    @Test
    void interruptsAreSetUpAsTheKernelDoesByItself() {
        List<Step> together = List.of(new Step.SetInterruptTable(1, true),
                new Step.SetInterruptTable(0, true), new Step.EnableInterrupts(1),
                new Step.EnableInterrupts(0), new Step.Print("on"));
        FakeHandover two = FakeHandover.unitsOf("a", "a").ownSteps(event -> event.equals(
                new HandoverEvent.PhaseStart(Phase.INTERRUPT_REMAPPING)) ? together : List.of());

        assertThat(two.at(Phase.INTERRUPT_REMAPPING, CONTEXTS)).isEqualTo(together);
        assertThat(TakeOver.interruptsApart(two)).isEqualTo(together);
        assertThat(two.at(Phase.INTERRUPT_REMAPPING,
                (e, v, n) -> TakeOver.startingClean(e, v))).isEqualTo(together);
    }

    @Test
    void whereTheKernelSetsUpNoneNoneIsSetUp() {
        FakeHandover two = FakeHandover.unitsOf("a", "a").ownSteps(event -> List.of());

        assertThat(two.at(Phase.INTERRUPT_REMAPPING, CONTEXTS)).isEmpty();
        assertThat(TakeOver.interruptsApart(two)).isEmpty();
    }

    @Test
    void unitsWhoseInterruptsShareTheirTablesAreSetUpOneByOneBesideThem() {
        FakeHandover mixed = new FakeHandover().unit("a", false, null).unit("b", true, null)
                .ownSteps(event -> List.of(new Step.EnableInterrupts(0),
                        new InitialiseInterrupts(1)));

        assertThat(TakeOver.interrupts(mixed)).containsExactly(new Step.EnableInterrupts(0),
                new InitialiseInterrupts(1));
        assertThat(TakeOver.interruptsApart(mixed))
                .containsExactly(new Step.EnableInterrupts(0));
    }

    @ParameterizedTest
    @EnumSource(value = Phase.class, mode = EnumSource.Mode.EXCLUDE,
            names = {"INTERRUPT_REMAPPING", "DMA_REMAPPING"})
    void nothingIsDoneInAnyOtherPhase(Phase phase) {
        assertThat(three.at(phase, CONTEXTS)).isEmpty();
    }

    @ParameterizedTest
    @EnumSource(AdoptDepth.class)
    void theDepthIsThePolicys(AdoptDepth depth) {
        assertThat(three.at(Phase.DMA_REMAPPING, (e, v, n) -> TakeOver.adopting(e, v, depth)))
                .hasSize(3).allMatch(s -> s instanceof AdoptTables a && a.depth() == depth);
    }

    @ParameterizedTest
    @CsvSource({"0, 4", "1, 3", "2, 2"})
    void aUnitThatRefusesStartsCleanAndThoseBehindItGoOn(int unit, int steps) {
        List<Step> answer = three.refused(new AdoptTables(unit, AdoptDepth.CONTEXTS), CONTEXTS);
        assertThat(answer).hasSize(steps)
                .startsWith(new DisableTranslation(unit), new StartClean(unit));
        assertThat(answer.subList(2, steps)).allMatch(
                s -> s instanceof AdoptTables a && a.unit() > unit);
    }

    static Stream<Step> others() {
        return Stream.of(new DisableTranslation(0), new StartClean(0), new InitialiseInterrupts(0),
                new Step.Sleep(1), new Step.Print("x"));
    }

    @ParameterizedTest
    @MethodSource("others")
    void aRefusalOfAnythingElseIsLeftAlone(Step step) {
        assertThat(three.refused(step, CONTEXTS)).isEmpty();
    }

    @Test
    void driversAreNoBusinessOfTheirs() {
        for (HandoverEvent event : List.of(new ProbeStart(8), new ProbeEnd(8, "I/O timeout"),
                new FirstMap(8))) {
            assertThat(three.tell(event, CONTEXTS)).isEmpty();
        }
    }

    @Test
    void aMachineWithoutUnitsHasNothingToTakeOver() {
        FakeHandover none = FakeHandover.unitsOf();
        assertThat(none.at(Phase.INTERRUPT_REMAPPING, CONTEXTS)).isEmpty();
        assertThat(none.at(Phase.DMA_REMAPPING, CONTEXTS)).isEmpty();
    }

    @Test
    void phasesAreLabelledInTheirOrder() {
        assertThat(Arrays.stream(Phase.values()).map(Phase::label)).containsExactly("T0", "T1",
                "T2", "T3", "T4", "T5a", "T5b", "T6", "T7", "T8");
    }

    @Test
    void stepsAreComparedByWhatTheySay() {
        assertThat(new Step.WriteRegister(0, 0x18, 4, 1))
                .isEqualTo(new Step.WriteRegister(0, 0x18, 4, 1))
                .isNotEqualTo(new Step.WriteRegister(1, 0x18, 4, 1));
        assertThat(new Step.WaitRegister(0, 0x1c, 4, 1, 1, 5).timeoutNanos()).isEqualTo(5);
        assertThat(Step.class.isSealed()).isTrue();
        assertThat(HandoverEvent.class.getPermittedSubclasses()).hasSize(5);
    }
}
