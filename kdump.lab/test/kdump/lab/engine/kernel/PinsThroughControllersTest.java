// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.pcie.Interrupts;
import iommu.api.pcie.PciFunction;
import iommu.api.pcie.RequesterId;
import iommu.api.trace.Event;
import iommu.api.trace.EventKind;
import iommu.api.trace.Trace;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import kdump.lab.api.RunOptions;
import kdump.lab.engine.Fixture;
import kdump.lab.engine.Stage;
import kdump.lab.engine.bus.Enumeration;
import kdump.lab.engine.machine.DeviceSetup;
import kdump.lab.engine.machine.InterruptLines;
import kdump.lab.engine.machine.Machine;
import kdump.lab.engine.machine.RunStorage;
import kdump.lab.engine.setup.Scenario;
import kdump.lab.engine.verdict.Runner;
import org.junit.jupiter.api.Test;

/** Interrupts by pins that lead to an I/O APIC whose messages a unit remaps. */
class PinsThroughControllersTest {

    private static final int WITH_PIN = RequesterId.parse("06:01.0");
    private static final int SOURCE = RequesterId.parse("ff:00.0");

    private final Machine machine;
    private final Kernel kernel;

    PinsThroughControllersTest() throws Exception {
        Scenario scenario = Fixture.runner(Fixture.machine("vtd1"), RunOptions.ofSeed(1))
                .scenario();
        machine = new Machine(scenario.description(), scenario.reservation(),
                Runner.loaded(scenario.description(), 1), Fixture.SERVICES, new RunStorage(),
                Trace.Level.KEEP, DeviceSetup.of(RunOptions.ofSeed(1), Map.of()));
        kernel = new Kernel(machine, scenario.profile(), new PageAllocator(
                List.of(scenario.reservation()), new BitSet()), scenario.mappedIova(), Set.of());
        machine.processor(new Machine.Processor() {
            @Override
            public void interrupt(int alias, int vector) {
                kernel.interrupt(alias, vector);
            }

            @Override
            public void interruptPin(int function, boolean asserted) {
                throw new AssertionError("no pin reaches a processor by itself");
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

    private boolean comes(int id) {
        return kernel.interrupts().await(machine.fabric().function(id), 0, 1_000_000);
    }

    private List<Event> messages() {
        return Stage.events(machine.trace()).stream()
                .filter(e -> e.kind() == EventKind.MESSAGE && e.actor() == SOURCE).toList();
    }

    /** Returns another function with a device and a pin that shares the line. */
    private int sharer() {
        InterruptLines lines = machine.interruptLines();
        return machine.functionsWithDevice().stream().map(PciFunction::requesterId)
                .filter(id -> id != WITH_PIN && lines.of(id) == lines.of(WITH_PIN))
                .findFirst().orElseThrow();
    }

    @Test
    void theyComeAsMessagesThroughTheTableOfThisKernel() {
        kernel.units().get(0).initialiseInterrupts();
        kernel.interrupts().enable(function(WITH_PIN), 1);
        assertThat(comes(WITH_PIN)).as("before it is raised").isFalse();
        of(WITH_PIN).raise(0);
        assertThat(comes(WITH_PIN)).isTrue();
        assertThat(comes(WITH_PIN)).as("taken once").isFalse();
        assertThat(messages()).singleElement().satisfies(e -> assertThat(e.b()).isNotNegative());
        of(WITH_PIN).lower();
        of(WITH_PIN).raise(0);
        assertThat(comes(WITH_PIN)).isTrue();
    }

    /** A kernel whose code for interrupt remapping is off, under the table of the one before. */
    @Test
    void underAForeignTableNoneComes() {
        kernel.interrupts().enable(function(WITH_PIN), 1);
        of(WITH_PIN).raise(0);
        assertThat(comes(WITH_PIN)).isFalse();
        assertThat(messages()).singleElement().satisfies(e -> assertThat(e.b()).isNegative());
    }

    @Test
    void whatIsAssertedAlreadyComesWhenTheInputIsLetThrough() {
        kernel.units().get(0).initialiseInterrupts();
        function(WITH_PIN);
        of(WITH_PIN).raise(0);
        assertThat(messages()).as("masked").isEmpty();
        kernel.interrupts().enable(machine.fabric().function(WITH_PIN), 1);
        assertThat(comes(WITH_PIN)).isTrue();
    }

    @Test
    void oneThatNobodyCaresForHasTheInputMasked() {
        kernel.units().get(0).initialiseInterrupts();
        function(sharer());
        of(sharer()).raise(0);
        kernel.interrupts().enable(function(WITH_PIN), 1);
        assertThat(Stage.events(machine.trace())).anyMatch(e ->
                e.kind() == EventKind.LINE_MASKED && e.actor() == sharer());
        int before = messages().size();
        of(WITH_PIN).raise(0);
        assertThat(messages()).as("no more").hasSize(before);
        assertThat(comes(WITH_PIN)).isFalse();
    }

    @Test
    void sharersWithDriversDoNotDisturbEachOther() {
        kernel.units().get(0).initialiseInterrupts();
        kernel.interrupts().enable(function(sharer()), 1);
        kernel.interrupts().enable(function(WITH_PIN), 1);
        of(sharer()).raise(0);
        assertThat(comes(WITH_PIN)).isFalse();
        assertThat(comes(sharer())).isTrue();
        of(WITH_PIN).raise(0);
        assertThat(comes(WITH_PIN)).as("while the other is still asserted").isTrue();
    }
}
