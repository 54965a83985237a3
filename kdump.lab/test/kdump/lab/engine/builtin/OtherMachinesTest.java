// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.builtin;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import iommu.api.machine.MachineDescription;
import iommu.api.machine.UnitDescription;
import iommu.api.memory.AddressRange;
import iommu.api.memory.MemoryKind;
import iommu.api.memory.MemoryMap;
import iommu.api.pcie.FunctionConfig;
import java.util.List;
import java.util.Map;
import kdump.lab.api.LabException;
import kdump.lab.api.RunOptions;
import kdump.lab.api.Verdict;
import kdump.lab.engine.Fixture;
import kdump.lab.engine.machine.Services;
import kdump.lab.engine.setup.FaultInjection;
import kdump.lab.engine.setup.Scenario;
import kdump.lab.engine.verdict.Runner;
import kdump.policies.copytables.CopyTables;
import kdump.policies.disablereinit.DisableReinit;
import org.junit.jupiter.api.Test;

/** Machines that differ from the captured ones in one thing each. */
class OtherMachinesTest {

    private static final RunOptions OPTIONS = RunOptions.ofSeed(7);

    private static MachineDescription vtd1(AddressRange reservation, List<UnitDescription> units,
            List<FunctionConfig> functions) {
        MachineDescription d = Fixture.machine("vtd1");
        return new MachineDescription(d.name(), d.source(), d.memoryMap(), reservation,
                units == null ? d.units() : units, functions == null ? d.functions() : functions,
                d.image(), d.kernelRelease(), d.commandLine(), d.captureCommandLine(),
                d.remarks());
    }

    private static Verdict run(MachineDescription machine) {
        return Fixture.crash(Fixture.runner(machine, OPTIONS),
                Fixture.session(new DisableReinit()), false, FaultInjection.NONE).verdict();
    }

    @Test
    void withoutAnIommuLeftOverIoGoesToOldBuffersAndTheDumpSucceeds() {
        Verdict verdict = run(vtd1(null, List.of(), null));

        assertThat(verdict.clean()).as(verdict.toString()).isTrue();
        assertThat(verdict.lateLegitimateBytes()).isPositive();
    }

    @Test
    void withoutADiskControllerThereIsNoDump() {
        MachineDescription d = Fixture.machine("vtd1");
        Verdict verdict = run(vtd1(null, null, d.functions().stream()
                .filter(f -> f.classCode() >>> 16 != 1).toList()));

        assertThat(verdict.dump()).isEqualTo("missing");
        assertThat(verdict.reasons()).contains(
                "the machine has no disk controller to write the dump to");
        assertThat(verdict.captureKernel()).isEqualTo("ok");
    }

    @Test
    void withoutFunctionsNothingCanGoWrongAndNothingIsDumped() {
        Verdict verdict = run(vtd1(null, null, List.of()));

        assertThat(verdict.faults().requests()).isZero();
        assertThat(verdict.dump()).isEqualTo("missing");
    }

    @Test
    void aReservationOfTheMachineIsTakenAsItIs() {
        AddressRange reservation = new AddressRange(0x5400000, 0x7400000);
        Runner runner = Fixture.runner(vtd1(reservation, null, null), OPTIONS);

        assertThat(runner.scenario().reservation()).isEqualTo(reservation);
        assertThat(runner.scenario().assumptions()).noneMatch(a -> a.contains("reservation"));
    }

    @Test
    void aMachineTooSmallForACaptureKernelIsRefusedInOneLine() {
        MachineDescription d = Fixture.machine("vtd1");
        var small = new MachineDescription("small", "", new MemoryMap(List.of(
                new MemoryMap.Region(new AddressRange(0x100000, 0x1800000), MemoryKind.SYSTEM_RAM,
                        "System RAM"))), null, List.of(), List.of(), d.image(), "", "", "",
                List.of());

        assertThatThrownBy(() -> new Runner(small, Fixture.SERVICES, OPTIONS))
                .isInstanceOf(LabException.class).hasMessageContaining("no crash reservation");
    }

    @Test
    void aVendorThatNoBundleProvidesIsRefusedByName() {
        var services = new Services(Map.of(), Fixture.SERVICES.models(),
                Fixture.SERVICES.fabric(), Fixture.SERVICES.rootComplex());

        assertThatThrownBy(() -> new Runner(Fixture.machine("vtd1"), services, OPTIONS))
                .isInstanceOf(LabException.class).hasMessageContaining("'vtd'");
    }

    @Test
    void aCorruptedRootPointerLetsTheCopyFailInTheKernelsWordsAndFallBack() {
        MachineDescription d = Fixture.machine("vtd1");
        UnitDescription unit = d.units().get(0);
        var registers = new java.util.TreeMap<>(unit.profile().registers());
        registers.put(0x20, 0x0d000000);
        var lost = new UnitDescription(new iommu.api.profile.UnitProfile("vtd", "vtd1",
                unit.profile().registerBase(), registers, unit.profile().settings()),
                unit.segment(), unit.allOthers(), unit.scopes());
        var runner = Fixture.runner(vtd1(new AddressRange(0x5400000, 0x7400000), List.of(lost),
                null), OPTIONS.withRateFactor(0));

        var crash = Fixture.crash(runner, Fixture.session(new CopyTables()), true,
                FaultInjection.NONE);

        assertThat(crash.timeline()).extracting(e -> e.text()).contains(
                "DMAR: Failed to copy translation tables from previous kernel for dmar0");
        assertThat(crash.verdict().dump()).isEqualTo("complete");
    }

    @Test
    void theBusySetAndTheRatesComeFromTheSeed() {
        var loads = new java.util.HashSet<String>();
        for (long seed = 1; seed <= 5; seed++) {
            Scenario b = Fixture.runner(Fixture.machine("vtd1"), RunOptions.ofSeed(seed))
                    .scenario();
            assertThat(b.loads()).as("half the engines or more").hasSizeGreaterThanOrEqualTo(4);
            assertThat(b.loads().values()).anyMatch(load -> load.streaming());
            loads.add(b.loads().toString());
        }
        assertThat(loads).hasSize(5);
    }

    @Test
    void noTwoEnginesShareAPageAndNoneLiesInTheReservation() {
        Scenario b = Fixture.runner(Fixture.machine("vtd1"), OPTIONS).scenario();
        var pages = b.loads().values().stream().flatMap(load -> java.util.stream.Stream.of(
                load.rings(), load.readable(), load.writable()).flatMap(List::stream))
                .map(buffer -> buffer.physicalAddress()).toList();

        assertThat(pages).doesNotHaveDuplicates()
                .noneMatch(page -> b.reservation().contains(page));
    }
}
