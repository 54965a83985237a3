// SPDX-License-Identifier: Apache-2.0
package kdump.policies;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.kdump.HandoverEvent.PhaseStart;
import iommu.api.kdump.HandoverPolicy;
import iommu.api.kdump.Phase;
import iommu.api.kdump.Step;
import iommu.api.kdump.Step.AdoptTables;
import iommu.api.kdump.Step.DisableTranslation;
import iommu.api.kdump.Step.InitialiseInterrupts;
import iommu.api.kdump.Step.StartClean;
import iommu.api.unit.AdoptDepth;
import iommu.testkit.FakeHandover;
import java.util.List;
import java.util.stream.Stream;
import kdump.policies.copypagetables.CopyPageTables;
import kdump.policies.copytables.CopyTables;
import kdump.policies.disablereinit.DisableReinit;
import kdump.policies.leavedisabled.LeaveDisabled;
import kdump.policies.linux.Linux;
import kdump.policies.reuseinplace.ReuseInPlace;
import kdump.policies.reuseroot.ReuseRoot;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

class PoliciesTest {

    private static final int NIC = 0x0100;
    private static final int PORT = 0x0008;
    private static final int DISK = 0x0200;
    private static final int VGA_PORT = 0x0010;

    private final FakeHandover twoUnits = FakeHandover.unitsOf("vtd", "vtd");

    static Stream<Arguments> adopting() {
        return Stream.of(Arguments.of(new CopyTables(), AdoptDepth.CONTEXTS),
                Arguments.of(new CopyPageTables(), AdoptDepth.PAGE_TABLES),
                Arguments.of(new ReuseRoot(), AdoptDepth.REUSE_ROOT),
                Arguments.of(new ReuseInPlace(), AdoptDepth.IN_PLACE));
    }

    @ParameterizedTest
    @MethodSource("adopting")
    void adoptingPoliciesTakeInterruptsThenTablesOfEveryUnit(HandoverPolicy policy,
            AdoptDepth depth) {
        assertThat(twoUnits.at(Phase.INTERRUPT_REMAPPING, policy))
                .containsExactly(new InitialiseInterrupts(0), new InitialiseInterrupts(1));
        assertThat(twoUnits.at(Phase.DMA_REMAPPING, policy))
                .containsExactly(new AdoptTables(0, depth), new AdoptTables(1, depth));
    }

    @Test
    void linuxDoesWhatTheKernelDoesByItselfAndNothingElse() {
        var own = List.<Step>of(new InitialiseInterrupts(1), new DisableTranslation(0));
        var machine = FakeHandover.unitsOf("vtd", "vtd")
                .ownSteps(event -> event.equals(new PhaseStart(Phase.DMA_REMAPPING)) ? own
                        : List.of());
        assertThat(machine.at(Phase.DMA_REMAPPING, new Linux())).isEqualTo(own);
        assertThat(machine.at(Phase.INTERRUPT_REMAPPING, new Linux())).isEmpty();
        assertThat(twoUnits.at(Phase.DMA_REMAPPING, new Linux())).isEmpty();
    }

    @ParameterizedTest
    @MethodSource("adopting")
    void aUnitThatRefusesStartsCleanAndThoseBehindItGoOn(HandoverPolicy policy, AdoptDepth depth) {
        assertThat(twoUnits.refused(new AdoptTables(0, depth), policy)).containsExactly(
                new DisableTranslation(0), new StartClean(0), new AdoptTables(1, depth));
        assertThat(twoUnits.refused(new AdoptTables(1, depth), policy))
                .containsExactly(new DisableTranslation(1), new StartClean(1));
        assertThat(twoUnits.refused(new StartClean(0), policy)).isEmpty();
    }

    @Test
    void disableReinitSwitchesAllUnitsOffBeforeOneIsOnAgain() {
        assertThat(twoUnits.at(Phase.DMA_REMAPPING, new DisableReinit())).containsExactly(
                new DisableTranslation(0), new DisableTranslation(1), new StartClean(0),
                new StartClean(1));
    }

    @Test
    void startingCleanLeavesInterruptsThatShareTheTablesAloneUntilThen() {
        FakeHandover mixed = new FakeHandover().unit("one", true, null).unit("other", null);
        for (HandoverPolicy policy : List.of(new DisableReinit(), Policies.of("reset-devices"))) {
            assertThat(mixed.at(Phase.INTERRUPT_REMAPPING, policy))
                    .containsExactly(new InitialiseInterrupts(1));
        }
    }

    @Test
    void leaveDisabledStartsNothing() {
        assertThat(twoUnits.at(Phase.SETUP_ARCH, new LeaveDisabled())).isEmpty();
        assertThat(twoUnits.at(Phase.DMA_REMAPPING, new LeaveDisabled()))
                .containsExactly(new DisableTranslation(0), new DisableTranslation(1));
    }

    @ParameterizedTest
    @EnumSource(names = {"PURGATORY", "ENUMERATION", "DRIVERS", "DUMP"})
    void noPolicyActsInOtherPhases(Phase phase) {
        Stream.of(new CopyTables(), new CopyPageTables(), new ReuseRoot(), new ReuseInPlace(),
                new DisableReinit(), new LeaveDisabled(), Policies.of("reset-devices"),
                Policies.identityMap())
                .forEach(policy -> assertThat(twoUnits.at(phase, policy)).isEmpty());
    }

    @Test
    void theIdentityMapIsMadeByTheFirstKernelForEndpointsThatAreBusMasters() {
        twoUnits.function(NIC, 0x020000, 0, 0x04, 0x6).function(DISK, 0x010802, 0, 0x04, 0x2)
                .function(PORT, 0x060400, 1, 0x04, 0x7).function(0x00f8, 0x060100, 0, 0x04, 0x7);

        assertThat(twoUnits.at(Phase.RUNNING, Policies.identityMap())).containsExactly(
                new Step.ReserveIova(FakeHandover.RESERVATION),
                new Step.IdentityMap(NIC, FakeHandover.RESERVATION));
        assertThat(twoUnits.at(Phase.DMA_REMAPPING, Policies.identityMap())).isEmpty();
        assertThat(FakeHandover.unitsOf().at(Phase.RUNNING, Policies.identityMap())).isEmpty();
    }

    @Test
    void whatNoUnitTranslatesNeedsNoIdentityMap() {
        twoUnits.function(DISK, 0x010802, 0, 0x04, 0x6).function(NIC, 0x020000, 0, 0x04, 0x6)
                .direct(DISK);

        assertThat(twoUnits.at(Phase.RUNNING, Policies.identityMap())).containsExactly(
                new Step.ReserveIova(FakeHandover.RESERVATION),
                new Step.IdentityMap(NIC, FakeHandover.RESERVATION));
    }

    @Test
    void resetsHoldAllPortsTogetherAndRestoreWhatLiesBelowButSpareTheScreen() {
        port(PORT, 1, 0x40).port(VGA_PORT, 3, 0)
                .twoUnits.function(NIC, 0x020000, 0, 0x04, 0x6, 0x10, 0x0c)
                .function(0x0300, 0x030000, 0, 0x04, 0x7);

        List<Step> steps = twoUnits.at(Phase.SETUP_ARCH, Policies.of("reset-devices"));

        assertThat(steps).startsWith(new Step.WriteConfig(PORT, 0x3e, 2, 0x40),
                new Step.Sleep(2_000_000), new Step.WriteConfig(PORT, 0x3e, 2, 0),
                new Step.Sleep(100_000_000));
        assertThat(steps.subList(4, steps.size()))
                .allMatch(s -> s instanceof Step.WriteConfig w && w.requester() == NIC)
                .contains(new Step.WriteConfig(NIC, 0x10, 4, 0x0c))
                .last().isEqualTo(new Step.WriteConfig(NIC, 0x04, 4, 0x6));
    }

    @Test
    void withoutPortsNothingIsResetAndNoTimeIsLost() {
        twoUnits.function(NIC, 0x020000, 0, 0x04, 0x6);
        assertThat(twoUnits.at(Phase.SETUP_ARCH, Policies.of("reset-devices"))).containsExactly(
                new Step.Remark("no function lies below a port that may be reset"));
    }

    /** A root port: Express capability at 0x40 of port type 4. */
    private PoliciesTest port(int requester, int bus, int control) {
        twoUnits.function(requester, 0x060400, 1, 0x06, 0x10, 0x34, 0x40, 0x40, 0x10, 0x42, 0x42,
                0x19, bus, 0x1a, bus, 0x3e, control);
        return this;
    }
}
