// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.kdump.HandoverEvent.PhaseStart;
import iommu.api.kdump.HandoverPolicy;
import iommu.api.kdump.Phase;
import iommu.api.kdump.Step;
import iommu.api.machine.MachineDescription;
import iommu.api.machine.UnitDescription;
import iommu.api.machine.UnitDescription.Scope;
import iommu.api.pcie.RequesterId;
import iommu.api.profile.UnitProfile;
import java.util.List;
import java.util.TreeMap;
import kdump.lab.api.Crash;
import kdump.lab.api.RunOptions;
import kdump.lab.api.TimelineEntry;
import kdump.lab.api.Verdict;
import kdump.lab.engine.setup.FaultInjection;
import org.junit.jupiter.api.Test;

/** A unit that the crashed kernel had left off (intel_iommu=igfx_off), beside one that is on. */
class UnitOffTest {

    private static final int UNTRANSLATED = RequesterId.parse("03:00.0");
    private static final int GSTS = 0x1c;
    private static final int RTADDR = 0x20;

    /** The captured machine, one function of which is served by a second unit that is off. */
    private static MachineDescription machine() {
        MachineDescription d = Fixture.machine("vtd1");
        UnitDescription on = d.units().get(0);
        return d.withUnits(List.of(new UnitDescription(off(on.profile()), on.segment(), false,
                List.of(new Scope(UNTRANSLATED, 1, 0))), on));
    }

    private static UnitProfile off(UnitProfile on) {
        var words = new TreeMap<>(on.registers());
        words.put(GSTS, 0);
        words.put(RTADDR, 0);
        return new UnitProfile(on.vendor(), on.name(), on.registerBase() + 0x1000, words,
                on.settings());
    }

    private static Crash crash(MachineDescription machine, HandoverPolicy policy) {
        return Fixture.crash(Fixture.runner(machine, RunOptions.ofSeed(7)),
                Fixture.session(policy), true, FaultInjection.NONE);
    }

    @Test
    void identityMapIsNotAskedForWhereNothingIsTranslated() {
        Crash crash = crash(machine(), Fixture.identityMap());

        Verdict verdict = crash.verdict();
        assertThat(verdict.captureKernel()).as(verdict.toString()).isEqualTo("ok");
        assertThat(verdict.dump()).isEqualTo("complete");
        assertThat(verdict.driversFailed()).isEmpty();
        assertThat(verdict.faults().requests()).isZero();
        assertThat(verdict.dumpBytesStray()).isZero();
        assertThat(crash.timeline()).extracting(TimelineEntry::text)
                .noneMatch(t -> t.contains("IdentityMap[requester=" + UNTRANSLATED + ","))
                .anyMatch(t -> t.contains("IdentityMap["));
    }

    @Test
    void aMachineWhoseOnlyUnitIsOffIsHandedOverToo() {
        MachineDescription d = Fixture.machine("vtd1");
        UnitDescription unit = d.units().get(0);
        Verdict verdict = crash(d.withUnits(List.of(unit.withProfile(off(unit.profile())))),
                Fixture.identityMap()).verdict();

        assertThat(verdict.captureKernel()).as(verdict.toString()).isEqualTo("ok");
        assertThat(verdict.dump()).isEqualTo("complete");
    }

    @Test
    void aPolicyThatAsksAllTheSameIsRefusedAndTheRunGoesOn() {
        HandoverPolicy asks = (event, view, notes) -> event.equals(new PhaseStart(Phase.RUNNING))
                ? List.of(new Step.IdentityMap(UNTRANSLATED, view.crashReservation())) : List.of();
        Crash crash = crash(machine(), asks);

        assertThat(crash.timeline()).filteredOn(e -> e.what().equals("refused"))
                .extracting(TimelineEntry::text).containsExactly(
                        "no table of this kernel maps the requests of 0000:03:00.0");
        assertThat(crash.verdict().captureKernel()).isEqualTo("ok");
    }

    @Test
    void itsFunctionsAreBusyWithMemoryAsItIs() {
        Verdict verdict = crash(machine(), (event, view, notes) -> List.of()).verdict();

        assertThat(verdict.untranslatedDma().byRequester()).containsOnlyKeys("0000:03:00.0");
        assertThat(verdict.dumpBytesStray()).isZero();
    }
}
