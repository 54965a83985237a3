// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.machine.MachineDescription;
import iommu.api.pcie.Interrupts;
import iommu.api.pcie.PciFunction;
import iommu.api.pcie.RequesterId;
import iommu.api.pcie.Upstream.SystemError;
import iommu.api.profile.KernelProfile;
import iommu.api.profile.KernelVersion;
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
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Interrupts of a capture kernel's drivers on a machine whose interrupts are remapped. */
class DeviceInterruptsTest {

    private static final int WITH_TABLE = RequesterId.parse("03:00.0");
    private static final int WITH_PIN = RequesterId.parse("06:01.0");

    private final Machine machine;
    private final Kernel kernel;

    DeviceInterruptsTest() throws Exception {
        MachineDescription described = Fixture.machine("vtd1").withIoApics(List.of());
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

    // ---- shared lines ---------------------------------------------------------------------------

    /** Returns a function with a device and a pin that shares the line of another, or does not. */
    private int other(boolean sharing) {
        return machine.functionsWithDevice().stream().map(PciFunction::requesterId)
                .filter(id -> id != WITH_PIN && line(id) != InterruptLines.NONE)
                .filter(id -> (line(id) == line(WITH_PIN)) == sharing)
                .findFirst().orElseThrow();
    }

    private int line(int id) {
        return machine.interruptLines().of(id);
    }

    /** Has a device assert its pin, whatever its driver would set up. */
    private void leaveAsserted(int id) {
        PciFunction function = function(id);
        function.writeConfig(4, 2, 6);
        of(id).raise(0);
        assertThat(machine.interruptLines().isAsserting(id)).isTrue();
    }

    private List<String> printed() {
        return Stage.events(machine.trace()).stream()
                .filter(e -> e.kind() == EventKind.CONSOLE).map(e -> (String) e.detail()).toList();
    }

    @Test
    void aDeviceThatNobodyCaresForCostsTheLine() {
        kernel.startClock();
        leaveAsserted(other(true));
        kernel.interrupts().enable(function(WITH_PIN), 1);
        assertThat(printed()).containsExactly("irq " + line(WITH_PIN)
                + ": nobody cared (try booting with the \"irqpoll\" option)",
                "Disabling IRQ #" + line(WITH_PIN));
        long before = machine.queue().nanos();
        kernel.spend(1);
        assertThat(machine.queue().nanos() - before).as("100 000 interrupts and 1 ns")
                .isEqualTo(100_000 * kernel.costs().strayInterrupt() + 1);
        kernel.spend(1);
        assertThat(machine.queue().nanos() - before).as("owed once")
                .isEqualTo(100_000 * kernel.costs().strayInterrupt() + 2);
    }

    /** As long as all who assert a line have a driver that listens, none is lost. */
    @Test
    void sharersWithDriversDoNotDisturbEachOther() {
        int other = other(true);
        PinInterrupts pins = pinsAlone(kernel);
        leaveAsserted(other);
        assertThat(pins.listen(function(other))).isTrue();
        assertThat(pins.listen(function(WITH_PIN))).isTrue();
        assertThat(pins.take(other)).as("asserted when its driver began to listen").isTrue();
        assertThat(pins.take(other)).as("once").isFalse();
        of(WITH_PIN).raise(0);
        assertThat(pins.take(WITH_PIN)).isTrue();
        of(other).lower();
        of(other).raise(0);
        assertThat(pins.take(other)).isTrue();
        assertThat(printed()).isEmpty();
    }

    @Test
    void anotherLineIsNotDisturbed() {
        leaveAsserted(other(false));
        kernel.interrupts().enable(function(WITH_PIN), 1);
        of(WITH_PIN).raise(0);
        assertThat(comes(WITH_PIN, 0)).isTrue();
        assertThat(printed()).isEmpty();
    }

    @Test
    void aLineIsLostLaterToo() {
        kernel.interrupts().enable(function(WITH_PIN), 1);
        leaveAsserted(other(true));
        assertThat(printed()).hasSize(2);
        leaveAsserted(other(true));
        assertThat(printed()).as("said once").hasSize(2);
    }

    /** Every tenth of a second it is looked at. */
    @Test
    void onALineThatIsLostInterruptsComeLate() {
        leaveAsserted(other(true));
        kernel.interrupts().enable(function(WITH_PIN), 1);
        long masked = machine.queue().nanos();
        of(WITH_PIN).raise(0);
        assertThat(comes(WITH_PIN, 0)).as("within a millisecond").isFalse();
        assertThat(kernel.interrupts().await(machine.fabric().function(WITH_PIN), 0,
                10_000_000_000L)).isTrue();
        assertThat(machine.queue().nanos() - masked).isEqualTo(100_000_000);
        of(WITH_PIN).lower();
        assertThat(kernel.interrupts().await(machine.fabric().function(WITH_PIN), 0,
                1_000_000_000L)).as("not raised again").isFalse();
    }

    /** Returns those of a kernel that hears of nothing but pins. */
    private PinInterrupts pinsAlone(Kernel of) {
        var pins = new PinInterrupts(of, machine, new ControllerPort(of, machine, null),
                () -> 0x40, function -> false);
        machine.processor(new Machine.Processor() {
            @Override
            public void interrupt(int alias, int vector) { }

            @Override
            public void interruptPin(int function, boolean asserted) {
                pins.changed(function, asserted);
            }
        });
        return pins;
    }

    /** How long after its interrupt a driver on a masked line is called, in milliseconds. */
    @ParameterizedTest(name = "{0}, irqpoll {1}")
    @CsvSource({"2.6.16, 0, never", "2.6.27, 0, never", "2.6.28, 0, 100", "2.6.38, 0, 100",
        "2.6.39, 0, 100", "6.1, 0, 100", "2.6.16, 1, 4", "2.6.27, 1, 4", "2.6.38, 1, 4",
        "2.6.39, 1, 100", "6.1, 1, 100"})
    void howAMaskedLineIsLookedAtDependsOnTheVersion(String version, int irqpoll, String millis) {
        KernelProfile profile = KernelProfile.linux(KernelVersion.parse(version))
                .with(KernelProfile.IRQ_POLL, irqpoll);
        PinInterrupts pins = pinsAlone(new Kernel(machine, profile, new PageAllocator(
                List.of(machine.reservation()), new BitSet()), null, Set.of()));
        leaveAsserted(other(true));
        pins.listen(function(WITH_PIN));
        of(WITH_PIN).raise(0);
        String called = "never";
        for (int after = 0; after <= 300 && called.equals("never"); after++) {
            called = pins.take(WITH_PIN) ? String.valueOf(after) : called;
            machine.queue().advance(1_000_000);
        }
        assertThat(called).isEqualTo(millis);
    }
}
