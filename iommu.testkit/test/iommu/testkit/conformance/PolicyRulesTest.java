// SPDX-License-Identifier: Apache-2.0
package iommu.testkit.conformance;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import iommu.api.kdump.HandoverEvent;
import iommu.api.kdump.HandoverEvent.PhaseStart;
import iommu.api.kdump.HandoverNotes;
import iommu.api.kdump.HandoverPolicy;
import iommu.api.kdump.HandoverView;
import iommu.api.kdump.Phase;
import iommu.api.kdump.Step;
import iommu.api.memory.AddressRange;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Policies that are wrong at one event of many, and some that are just not wrong. */
class PolicyRulesTest {

    private static final AddressRange PAGE = new AddressRange(0, 4096);
    private static final Step BAD = new Step.Sleep(-1);

    private static PolicyCheck of(HandoverPolicy policy) {
        return new PolicyCheck(() -> policy, List.of("one", "two"));
    }

    private static HandoverPolicy answering(Function<HandoverView, List<Step>> steps) {
        return (event, view, notes) -> steps.apply(view);
    }

    private static void holdsThemAll(HandoverPolicy policy) {
        PolicyCheck check = of(policy);
        assertThatCode(() -> {
            check.answersEverything();
            check.namesOnlyWhatIsThere();
            check.keepsNoState();
            check.endsWhenAllIsRefused();
        }).doesNotThrowAnyException();
    }

    private static void breaks(HandoverPolicy policy, String found) {
        assertThatExceptionOfType(AssertionError.class)
                .isThrownBy(() -> of(policy).answersEverything()).withMessageEndingWith(found);
    }

    // ---- one event of many ----------------------------------------------------------------------

    @ParameterizedTest
    @EnumSource(Phase.class)
    void onePhaseIsEnough(Phase phase) {
        breaks((event, view, notes) -> event.equals(new PhaseStart(phase)) ? List.of(BAD)
                : List.of(), " in " + phase + ", PhaseStart[phase=" + phase
                + "] is answered with Sleep[nanos=-1]: -1 ns, not of 0 to 3600000000000");
    }

    static Stream<Arguments> events() {
        return Stream.of(new HandoverEvent.ProbeStart(0x0100),
                new HandoverEvent.ProbeStart(0x7fff), new HandoverEvent.ProbeEnd(0x00f8, null),
                new HandoverEvent.ProbeEnd(0x0200, "no answer"),
                new HandoverEvent.FirstMap(0x0008),
                new HandoverEvent.StepRefused(new Step.Print("x"), "no"),
                new HandoverEvent.StepRefused(new Step.MapScratch(0), "no"),
                new HandoverEvent.StepRefused(new Step.BlockFunction(0x0100), "no"))
                .map(Arguments::of);
    }

    @ParameterizedTest
    @MethodSource("events")
    void oneEventIsEnough(HandoverEvent wrong) {
        breaks((event, view, notes) -> event.equals(wrong) ? List.of(BAD) : List.of(),
                ", " + wrong + " is answered with Sleep[nanos=-1]: -1 ns, not of 0 to"
                        + " 3600000000000");
        breaks((event, view, notes) -> event.equals(wrong) ? null : List.of(),
                ", " + wrong + " is answered with null");
    }

    @ParameterizedTest(name = "{0} units")
    @CsvSource({"0", "1", "2", "3"})
    void oneMachineIsEnough(int units) {
        breaks(answering(view -> view.units().size() == units ? List.of(BAD) : List.of()),
                "-1 ns, not of 0 to 3600000000000");
    }

    /** What registers and config space of the machines hold that a policy may not be ready for. */
    static Stream<Arguments> readings() {
        return Stream.of(
                reading(v -> !v.units().isEmpty() && v.readRegister(0, 0, 8) == -1),
                reading(v -> !v.units().isEmpty() && v.readRegister(0, 0, 8) == 0),
                reading(v -> !v.units().isEmpty()
                        && v.readRegister(0, 0x18, 4) == 0x8000_0001L),
                reading(v -> v.functions().isEmpty()),
                reading(v -> v.functions().stream().anyMatch(f -> f.headerType() > 1)),
                reading(v -> v.readConfig(0x0200, 0, 4) >>> 16 == 0),
                reading(v -> !v.units().isEmpty() && !v.knowsOwnSteps("one")),
                reading(v -> v.units().size() > 1 && v.unitOf(0x00f8) == 0),
                reading(v -> v.units().stream().anyMatch(
                        HandoverView.UnitView::interruptsShareTables)),
                reading(v -> v.units().stream().anyMatch(u -> u.vendor().equals("two"))),
                reading(v -> !v.mapsDma(0x0200)));
    }

    private static Arguments reading(Function<HandoverView, Boolean> seen) {
        return Arguments.of(seen);
    }

    @ParameterizedTest
    @MethodSource("readings")
    void whateverAPolicyStumblesOverIsThereSomewhereAndNotEverywhere(
            Function<HandoverView, Boolean> seen) {
        breaks(answering(view -> seen.apply(view) ? List.of(BAD) : List.of()),
                "-1 ns, not of 0 to 3600000000000");
        breaks(answering(view -> seen.apply(view) ? List.of() : List.of(BAD)),
                "-1 ns, not of 0 to 3600000000000");
    }

    // ---- edges ----------------------------------------------------------------------------------

    @ParameterizedTest(name = "{0} sleeps of {1} ns")
    @CsvSource({"0, 0, true", "1, 3600000000000, true", "2, 1800000000000, true",
        "2, 1800000000001, false", "10000, 360000000, true", "10000, 360000001, false",
        "10001, 0, false"})
    void anHourAndTenThousandStepsAreTheMost(int steps, long nanos, boolean holds) {
        HandoverPolicy policy = (event, view, notes) -> event.equals(new PhaseStart(Phase.DUMP))
                ? Collections.nCopies(steps, new Step.Sleep(nanos)) : List.of();
        if (holds) {
            assertThatCode(() -> of(policy).answersEverything()).doesNotThrowAnyException();
        } else {
            breaks(policy, steps > 10_000 ? steps + " steps" : steps * nanos + " ns of sleep");
        }
    }

    @Test
    void aStackThatOverflowsIsTold() {
        HandoverPolicy policy = new HandoverPolicy() {
            @Override
            public List<Step> decide(HandoverEvent event, HandoverView view,
                    HandoverNotes notes) {
                return decide(event, view, notes);
            }
        };
        breaks(policy, "is answered with java.lang.StackOverflowError");
    }

    // ---- what is not there ----------------------------------------------------------------------

    static Stream<Arguments> absent() {
        return Stream.of(Arguments.of(new Step.StartBlocked(3), "a unit that is not there: "),
                Arguments.of(new Step.WriteRegister(99, 0, 4, 0), "a unit that is not there: "),
                Arguments.of(new Step.WriteConfig(0x0201, 4, 2, 0),
                        "a function that is not there: "),
                Arguments.of(new Step.IdentityMap(0x10100, PAGE),
                        "a function that is not there: "),
                Arguments.of(new Step.BlockFunction(0x7fff), "a function that is not there: "),
                Arguments.of(new Step.BlockFunction(0), "a function that is not there: "));
    }

    @ParameterizedTest
    @MethodSource("absent")
    void aStepForNobodyIsFound(Step step, String found) {
        HandoverPolicy policy = answering(view -> List.of(new Step.Print("first"), step));
        assertThatCode(() -> of(policy).answersEverything()).doesNotThrowAnyException();
        assertThatExceptionOfType(AssertionError.class)
                .isThrownBy(() -> of(policy).namesOnlyWhatIsThere())
                .withMessageEndingWith(" is answered with " + found + step);
    }

    @Test
    void whoAsksForWhatItSeesHoldsThemAll() {
        holdsThemAll((event, view, notes) -> {
            var steps = new ArrayList<Step>();
            if (event.equals(new PhaseStart(Phase.DMA_REMAPPING))) {
                view.units().forEach(unit -> steps.add(new Step.StartClean(unit.index())));
                view.functions().forEach(f -> steps.add(new Step.BlockFunction(f.requester())));
            }
            return steps;
        });
        holdsThemAll((event, view, notes) -> List.of());
        holdsThemAll((event, view, notes) -> List.of(new Step.Remark("nothing to do")));
        holdsThemAll((event, view, notes) -> view.ownSteps(event));
    }

    // ---- state ----------------------------------------------------------------------------------

    @Test
    void aPolicyThatRemembersAMachineIsFound() {
        Function<Set<List<?>>, HandoverPolicy> remembering = seen -> (event, view, notes) ->
                event.equals(new PhaseStart(Phase.DUMP)) && !seen.add(view.units())
                        ? List.of(new Step.Print("again")) : List.of();
        assertThatExceptionOfType(AssertionError.class).isThrownBy(() -> new PolicyCheck(
                () -> remembering.apply(new HashSet<>()), List.of("one")).keepsNoState())
                .withMessageContaining("a policy that was used before answers otherwise");
    }

    // ---- refusals -------------------------------------------------------------------------------

    @ParameterizedTest(name = "{0} steps to try one after the other")
    @CsvSource({"0, true", "1, true", "8, true", "9, false", "100, false"})
    void eightRefusalsAreTheMost(int tries, boolean holds) {
        HandoverPolicy policy = (event, view, notes) -> {
            long tried = event instanceof HandoverEvent.StepRefused refused
                    && refused.step() instanceof Step.Sleep sleep ? sleep.nanos() : 0;
            return tried < tries ? List.of(new Step.Sleep(tried + 1)) : List.of();
        };
        if (holds) {
            assertThatCode(() -> of(policy).endsWhenAllIsRefused()).doesNotThrowAnyException();
        } else {
            assertThatExceptionOfType(AssertionError.class)
                    .isThrownBy(() -> of(policy).endsWhenAllIsRefused())
                    .withMessageContaining("another step after 8 refusals");
        }
    }

    @Test
    void remarksAreNeverRefused() {
        holdsThemAll((event, view, notes) -> event instanceof HandoverEvent.StepRefused
                ? List.of(new Step.Remark("given up"), new Step.Remark("for good"))
                : List.of(new Step.Remark("try"), new Step.Sleep(1)));
    }
}
