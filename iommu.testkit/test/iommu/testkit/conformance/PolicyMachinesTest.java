// SPDX-License-Identifier: Apache-2.0
package iommu.testkit.conformance;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.kdump.BusMastering;
import iommu.api.kdump.HandoverEvent;
import iommu.api.kdump.HandoverView;
import iommu.api.kdump.HandoverView.FunctionView;
import iommu.api.kdump.Phase;
import iommu.api.kdump.SecondaryBusReset;
import iommu.api.kdump.Step;
import iommu.api.kdump.StepCheck;
import iommu.api.pcie.Capabilities;
import iommu.api.unit.AdoptDepth;
import iommu.testkit.FakeHandover;
import iommu.testkit.conformance.PolicyMachines.Described;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** The machines and the events that policies are tried with hold what policies stumble over. */
class PolicyMachinesTest {

    private static final List<Described> ALL = PolicyMachines.all(List.of("one", "two"));

    private static Described described(List<String> units) {
        return new Described(units, true, true, 0);
    }

    @ParameterizedTest(name = "vendors {0}")
    @CsvSource({"a, 20", "a b, 30", "a b c, 40"})
    void eachVendorIsAloneInThreesAndBesideTheOthers(String vendors, int machines) {
        List<String> names = List.of(vendors.split(" "));
        List<Described> all = PolicyMachines.all(names);
        assertThat(all).hasSize(machines);
        Set<List<String>> units = all.stream().map(Described::units).collect(Collectors.toSet());
        assertThat(units).contains(List.of(), names);
        for (String name : names) {
            assertThat(units).contains(List.of(name), List.of(name, name, name));
        }
        if (names.size() > 1) {
            assertThat(new HashSet<>(all)).as("no machine twice").hasSize(machines);
        }
    }

    @Test
    void everySetOfUnitsComesWithEverythingElse() {
        for (List<String> units : ALL.stream().map(Described::units).distinct().toList()) {
            List<Described> same = ALL.stream().filter(d -> d.units().equals(units)).toList();
            assertThat(same).extracting(Described::registers)
                    .contains(0L, -1L, 0x8000_0001_8000_0001L);
            assertThat(same).anyMatch(d -> !d.functions()).anyMatch(d -> !d.kernelActs());
        }
    }

    @Test
    void aMachineIsMadeAnewEachTime() {
        for (Described described : ALL) {
            FakeHandover one = described.make();
            FakeHandover other = described.make();
            assertThat(one).isNotSameAs(other);
            assertThat(one.units()).isEqualTo(other.units()).hasSize(described.units().size());
            assertThat(one.functions()).isEqualTo(other.functions())
                    .hasSize(described.functions() ? 7 : 0);
            one.put("k", 1, new byte[1]);
            assertThat(other.get("k", 1)).isNull();
        }
    }

    @ParameterizedTest(name = "{0} units")
    @CsvSource({"0, -1, -1", "1, 0, 0", "2, 0, 1", "3, 0, 2"})
    void theLastUnitServesThoseThatNoOtherNames(int units, int ofPlain, int ofOthers) {
        FakeHandover machine = described(List.of("a", "a", "a").subList(0, units)).make();
        assertThat(machine.unitOf(0x00f8)).isEqualTo(ofPlain);
        assertThat(machine.unitOf(0x0200)).isEqualTo(ofOthers);
        for (int unit = 0; unit < units; unit++) {
            assertThat(machine.servesAllOthers(unit)).isEqualTo(unit == units - 1);
            assertThat(machine.units().get(unit).interruptsShareTables()).isEqualTo(unit % 2 == 1);
        }
    }

    // ---- functions ------------------------------------------------------------------------------

    private static FunctionView function(HandoverView view, int requester) {
        return view.functions().stream().filter(f -> f.requester() == requester).findFirst()
                .orElseThrow();
    }

    @Test
    void onePortLeadsToThreeFunctionsWhoseListsOfCapabilitiesGoRound() {
        FakeHandover machine = described(List.of("a")).make();
        FunctionView port = function(machine, 0x0008);
        assertThat(SecondaryBusReset.ports(machine, true)).containsExactly(port);
        assertThat(SecondaryBusReset.below(List.of(port), machine))
                .extracting(FunctionView::requester).containsExactly(0x100, 0x101, 0x102);
        for (int requester = 0x100; requester <= 0x102; requester++) {
            int of = requester;
            assertThat(Capabilities.find((at, n) -> machine.readConfig(of, at, n),
                    Capabilities.EXPRESS)).isEqualTo(0x40);
            assertThat(machine.readConfig(of, 0x41, 1)).as("next").isEqualTo(0x40);
            assertThat(Capabilities.find((at, n) -> machine.readConfig(of, at, n),
                    Capabilities.MSI_X)).as("ends though").isZero();
        }
    }

    @Test
    void oneFunctionIsABusMasterOneABridgeToNothingAndOneReadsOnes() {
        FakeHandover machine = described(List.of("a")).make();
        assertThat(BusMastering.endpoints(machine)).extracting(FunctionView::requester)
                .containsExactly(0x00f8);
        assertThat(BusMastering.isEndpoint(function(machine, 0x00f9))).isFalse();
        FunctionView gone = function(machine, 0x0200);
        assertThat(gone.classCode()).isEqualTo(0xffffff);
        assertThat(gone.headerType()).isEqualTo(0x7f);
        assertThat(machine.readConfig(0x0200, 0, 2)).isEqualTo(0xffff);
        assertThat(machine.mapsDma(0x0200)).isFalse();
        assertThat(machine.mapsDma(0x0100)).isTrue();
    }

    // ---- what the kernel does by itself ---------------------------------------------------------

    @Test
    void theKernelTakesItsUnitsOverAndStartsThoseCleanThatRefuse() {
        FakeHandover machine = described(List.of("a", "b")).make();
        assertThat(machine.ownSteps(new HandoverEvent.PhaseStart(Phase.INTERRUPT_REMAPPING)))
                .containsExactly(new Step.InitialiseInterrupts(0),
                        new Step.InitialiseInterrupts(1));
        assertThat(machine.ownSteps(new HandoverEvent.PhaseStart(Phase.DMA_REMAPPING)))
                .containsExactly(new Step.AdoptTables(0, AdoptDepth.CONTEXTS),
                        new Step.AdoptTables(1, AdoptDepth.CONTEXTS));
        for (int unit = 0; unit < 2; unit++) {
            assertThat(machine.ownSteps(new HandoverEvent.StepRefused(
                    new Step.AdoptTables(unit, AdoptDepth.IN_PLACE), "no")))
                    .containsExactly(new Step.StartClean(unit));
        }
        assertThat(machine.ownSteps(new HandoverEvent.StepRefused(new Step.Sleep(1), "no")))
                .isEmpty();
        assertThat(machine.knowsOwnSteps("a")).isTrue();
    }

    @ParameterizedTest
    @EnumSource(value = Phase.class, mode = EnumSource.Mode.EXCLUDE,
            names = {"INTERRUPT_REMAPPING", "DMA_REMAPPING"})
    void inOtherPhasesItDoesNothing(Phase phase) {
        assertThat(described(List.of("a", "b")).make()
                .ownSteps(new HandoverEvent.PhaseStart(phase))).isEmpty();
    }

    @Test
    void ofSomeMachinesNobodyKnowsWhatTheKernelDoes() {
        FakeHandover machine = new Described(List.of("a"), true, false, 0).make();
        assertThat(machine.knowsOwnSteps("a")).isFalse();
        for (Phase phase : Phase.values()) {
            assertThat(machine.ownSteps(new HandoverEvent.PhaseStart(phase))).isEmpty();
        }
    }

    // ---- events ---------------------------------------------------------------------------------

    @Test
    void everyKindOfStepIsRefusedOnceAndIsOneThatCouldBeAskedFor() {
        assertThat(PolicyMachines.steps()).extracting(Object::getClass)
                .containsExactlyInAnyOrder(Step.class.getPermittedSubclasses());
        assertThat(PolicyMachines.steps())
                .allSatisfy(step -> assertThat(StepCheck.wrong(step)).isNull());
        List<HandoverEvent> events = PolicyMachines.events(Phase.DUMP, 1);
        assertThat(events.stream().filter(HandoverEvent.StepRefused.class::isInstance)
                .map(e -> ((HandoverEvent.StepRefused) e).step()).toList())
                .isEqualTo(PolicyMachines.steps());
    }

    @ParameterizedTest
    @EnumSource(Phase.class)
    void everyKindOfEventIsTold(Phase phase) {
        List<HandoverEvent> events = PolicyMachines.events(phase, 2);
        assertThat(events.get(0)).isEqualTo(new HandoverEvent.PhaseStart(phase));
        assertThat(events).doesNotHaveDuplicates();
        assertThat(events.stream().map(Object::getClass).distinct().toList())
                .hasSameSizeAs(HandoverEvent.class.getPermittedSubclasses());
        for (int requester : new int[] {0x0008, 0x0100, 0x00f8, 0x0200, 0x7fff}) {
            assertThat(events).contains(new HandoverEvent.ProbeStart(requester),
                    new HandoverEvent.FirstMap(requester),
                    new HandoverEvent.ProbeEnd(requester, null),
                    new HandoverEvent.ProbeEnd(requester, "no answer"));
        }
    }

    @Test
    void withoutUnitsNothingOfAUnitIsRefused() {
        assertThat(PolicyMachines.events(Phase.DUMP, 0).stream()
                .filter(HandoverEvent.StepRefused.class::isInstance)
                .map(e -> ((HandoverEvent.StepRefused) e).step().unit()).toList())
                .isNotEmpty().containsOnly(-1);
    }
}
