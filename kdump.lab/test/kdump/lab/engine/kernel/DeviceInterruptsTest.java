// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.machine.MachineDescription;
import iommu.api.pcie.Interrupts;
import iommu.api.pcie.PciFunction;
import iommu.api.pcie.RequesterId;
import iommu.api.pcie.Upstream.SystemError;
import iommu.api.trace.EventKind;
import iommu.api.trace.Trace;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import kdump.lab.api.RunOptions;
import kdump.lab.engine.Fixture;
import kdump.lab.engine.Stage;
import kdump.lab.engine.machine.DeviceSetup;
import kdump.lab.engine.machine.Machine;
import kdump.lab.engine.machine.RunStorage;
import kdump.lab.engine.setup.Scenario;
import kdump.lab.engine.verdict.Runner;
import org.junit.jupiter.api.Test;

/** Interrupts of a capture kernel's drivers on a machine whose interrupts are remapped. */
class DeviceInterruptsTest {

    private static final int WITH_TABLE = RequesterId.parse("03:00.0");
    private static final int WITH_PIN = RequesterId.parse("06:01.0");

    private final Machine machine;
    private final Kernel kernel;

    DeviceInterruptsTest() throws Exception {
        MachineDescription described = Fixture.machine("vtd1");
        Scenario scenario = Fixture.runner(described, RunOptions.ofSeed(1)).scenario();
        machine = new Machine(scenario.description(), scenario.reservation(),
                Runner.loaded(described, 1), Fixture.SERVICES, new RunStorage(), Trace.Level.KEEP,
                DeviceSetup.of(RunOptions.ofSeed(1), Map.of()));
        kernel = new Kernel(machine, scenario.profile(), new PageAllocator(
                List.of(scenario.reservation()), new BitSet()), scenario.mappedIova(), Set.of());
        machine.processor(new Machine.Processor() {
            @Override
            public void interrupt(int alias, int vector) {
                kernel.interrupt(alias, vector);
            }

            @Override
            public void interruptPin(int function, boolean asserted) {
                kernel.interruptPin(function, asserted);
            }

            @Override
            public void systemError(int reporter, SystemError error) {
                kernel.systemError(reporter, error);
            }

            @Override
            public void faults(int unit) {
                kernel.faults(unit);
            }
        });
        kernel.takeInterrupts();
    }

    private PciFunction function(int id) {
        PciFunction function = machine.fabric().function(id);
        Enumeration.enumerate(function);
        function.writeConfig(4, 2, 6);
        return function;
    }

    private Interrupts of(int id) {
        return machine.slot(id).interrupts();
    }

    private boolean comes(int id, int vector) {
        return kernel.interrupts().await(machine.fabric().function(id), vector, 1_000_000);
    }

    @Test
    void messagesGoThroughTheTableOfThisKernel() {
        kernel.units().get(0).initialiseInterrupts();
        assertThat(kernel.interrupts().enable(function(WITH_TABLE), 2)).isEqualTo(2);
        assertThat(comes(WITH_TABLE, 0)).as("before it is raised").isFalse();
        of(WITH_TABLE).raise(1);
        assertThat(comes(WITH_TABLE, 0)).isFalse();
        assertThat(comes(WITH_TABLE, 1)).isTrue();
        assertThat(comes(WITH_TABLE, 1)).as("taken once").isFalse();
    }

    /** A kernel whose IOMMU code is off, under the table of the kernel before. */
    @Test
    void underAForeignTableNoneComes() {
        assertThat(kernel.interrupts().enable(function(WITH_TABLE), 1)).isEqualTo(1);
        of(WITH_TABLE).raise(0);
        assertThat(comes(WITH_TABLE, 0)).isFalse();
        assertThat(Stage.events(machine.trace())).anyMatch(e -> e.kind() == EventKind.MESSAGE
                && e.actor() == WITH_TABLE && e.b() < 0);
    }

    @Test
    void withoutMessagesThePinIsHeard() {
        assertThat(kernel.interrupts().enable(function(WITH_PIN), 3)).isEqualTo(1);
        of(WITH_PIN).raise(0);
        assertThat(comes(WITH_PIN, 0)).isTrue();
        of(WITH_PIN).lower();
        assertThat(comes(WITH_PIN, 0)).isFalse();
    }

    @Test
    void aVectorThatNobodySetUpIsSpurious() {
        kernel.interrupt(WITH_TABLE, 0x77);
        assertThat(Stage.events(machine.trace())).anyMatch(e ->
                e.kind() == EventKind.INTERRUPT && e.a() == 0x77 && e.b() == 0);
    }
}
