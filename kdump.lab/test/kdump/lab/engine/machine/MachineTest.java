// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.machine;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.memory.AddressRange;
import iommu.api.memory.MemoryKind;
import iommu.api.memory.PhysicalMemory;
import iommu.api.pcie.Access;
import iommu.api.pcie.CompletionStatus;
import iommu.api.pcie.DmaPort;
import iommu.api.sim.RandomStream;
import iommu.api.trace.DmaOutcome;
import iommu.api.trace.Event;
import iommu.api.trace.EventKind;
import iommu.api.trace.Trace;
import iommu.api.trace.Trace.Level;
import iommu.api.unit.FaultRecord;
import iommu.api.unit.RemappingUnit;
import iommu.testkit.seeds.Seeds;
import java.util.ArrayList;
import java.util.List;
import kdump.lab.api.RunOptions;
import kdump.lab.engine.Stage;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A machine put together, with its units and what is heard of them. */
class MachineTest {

    private static final String[] MACHINES = {"vtd1", "vtdsm1", "amd1", "kdamd1"};
    private static final int GCMD = 0x18;

    private final Stage stage = Stage.idle();
    private final Machine machine = stage.machine(Level.KEEP);
    private final UnitMonitor monitor = new UnitMonitor(machine, 3);

    private Event last() {
        return machine.trace().event(machine.trace().size() - 1);
    }

    private static Stage stage(String name) {
        return new Stage(name, RunOptions.ofSeed(1).withRateFactor(0));
    }

    // ---- memory ---------------------------------------------------------------------------------

    @Test
    void requestsReadRomAndDoNotWriteIt() {
        AddressRange rom = machine.description().memoryMap().ranges(MemoryKind.ROM).get(0);
        machine.units().get(0).writeRegister(GCMD, 4, 0);
        DmaPort dma = machine.slot(machine.functionsWithDevice().get(0).requesterId()).dma();
        byte[] held = new byte[8];
        byte[] now = new byte[8];
        for (long at : new long[] {rom.start(), rom.end() - 8}) {
            assertThat(dma.read(at, held, 0, 8)).isEqualTo(CompletionStatus.SUCCESS);
            dma.write(at, new byte[] {1, 2, 3, 4, 5, 6, 7, 8}, 0, 8);
            assertThat(DmaOutcome.isAnswered(last().b())).isFalse();
            dma.read(at, now, 0, 8);
            assertThat(now).isEqualTo(held);
        }
        long ram = machine.description().memoryMap().ranges(MemoryKind.SYSTEM_RAM).get(0).start();
        dma.write(ram, new byte[] {1, 2, 3, 4, 5, 6, 7, 8}, 0, 8);
        assertThat(machine.memory().read64(ram)).isEqualTo(0x0807_0605_0403_0201L);
    }

    // ---- units ----------------------------------------------------------------------------------

    @Seeds(count = 8)
    void unitsOverACopyAnswerAsTheUnitsThemselves(long seed) {
        Stage of = stage(MACHINES[(int) Math.floorMod(seed, (long) MACHINES.length)]);
        Machine original = of.machine(Level.COUNT);
        List<RemappingUnit> copies = original.unitsOver(of.memory().copy());
        assertThat(copies).hasSameSizeAs(original.units());
        var random = new RandomStream(seed, "requests");
        for (var function : original.functionsWithDevice()) {
            int alias = function.alias();
            int unit = original.description().unitOf(alias);
            if (unit < 0) {
                continue;
            }
            List<Long> known = new ArrayList<>(
                    Stage.mappings(original, function.requesterId()).keySet());
            for (int i = 0; i < 300; i++) {
                long page = known.isEmpty() || random.oneIn(4) ? random.nextLong() >>> 20
                        : known.get(random.nextInt(known.size()));
                long address = (page & -4096) + random.nextInt(4096);
                int access = random.oneIn(2) ? Access.READ : Access.WRITE;
                assertThat(copies.get(unit).translate(alias, address, access))
                        .as("%x of %x", address, alias)
                        .isEqualTo(original.units().get(unit).translate(alias, address, access));
            }
        }
    }

    @Test
    void unitsOverOtherMemoryReadThatMemory() {
        PhysicalMemory empty = PhysicalMemory.zeroed(List.of(
                new AddressRange(0, 1L << 33)));
        int function = machine.functionsWithDevice().get(0).requesterId();
        long mapped = Stage.mappings(machine, function).firstKey();
        assertThat(machine.units().get(0).translate(function, mapped, Access.READ)).isPositive();
        assertThat(machine.unitsOver(empty).get(0).translate(function, mapped, Access.READ))
                .as("no entry is present there").isNegative();
    }

    @Test
    void whatIsDoneToACopyIsNotDoneToTheUnit() {
        RemappingUnit copy = machine.unitsOver(stage.memory().copy()).get(0);
        int function = machine.functionsWithDevice().get(0).requesterId();
        long mapped = Stage.mappings(machine, function).firstKey();
        long before = machine.units().get(0).translate(function, mapped, Access.READ);
        int events = machine.trace().size();
        copy.writeRegister(GCMD, 4, 0);
        assertThat(copy.translate(function, mapped, Access.READ)).isNotEqualTo(before);
        assertThat(machine.units().get(0).translate(function, mapped, Access.READ))
                .isEqualTo(before);
        assertThat(machine.trace().size()).as("nobody hears a copy").isEqualTo(events);
    }

    // ---- what is heard of them ------------------------------------------------------------------

    @ParameterizedTest
    @CsvSource({"true, 0x100", "false, 0x100", "true, -1", "false, 0x7fffffff"})
    void aFaultIsToldWithTheFunctionThatMadeIt(boolean recorded, String function) {
        int acting = Integer.decode(function);
        var fault = new FaultRecord(0x200, 0x12_3000, Access.WRITE, 5, "vtd:0x05", "why");
        int before = machine.trace().acting(acting);
        monitor.blocked(fault, recorded);
        machine.trace().acting(before);

        assertThat(last().kind()).isEqualTo(EventKind.FAULT);
        assertThat(last().actor()).isEqualTo(3);
        assertThat(last().a()).isEqualTo(0x12_3000);
        assertThat((int) last().b()).isEqualTo(acting);
        assertThat(last().b() >>> 32).isEqualTo(recorded ? 1 : 0);
        assertThat(last().detail()).isSameAs(fault);
    }

    @Test
    void switchesAndInvalidationsAreTold() {
        monitor.translation(true);
        assertThat(last().kind()).isEqualTo(EventKind.TRANSLATION);
        assertThat(last().a()).isEqualTo(1);
        monitor.translation(false);
        assertThat(last().a()).isZero();
        monitor.invalidated("all");
        assertThat(last().kind()).isEqualTo(EventKind.INVALIDATION);
        assertThat(last().detail()).isEqualTo("all");
        assertThat(last().actor()).isEqualTo(3);
    }

    @Test
    void aFaultInterruptReachesTheProcessorTenMicrosecondsLater() {
        List<Long> heard = new ArrayList<>();
        machine.processor(new Machine.Processor() {
            @Override
            public void interrupt(int alias, int vector) {
                throw new AssertionError("no device's");
            }

            @Override
            public void interruptPin(int function, boolean asserted) { }

            @Override
            public void faults(int unit) {
                assertThat(unit).isEqualTo(3);
                heard.add(machine.queue().nanos());
            }
        });
        monitor.faultInterrupt();
        assertThat(last().kind()).isEqualTo(EventKind.FAULT_INTERRUPT);
        long now = machine.queue().nanos();
        machine.queue().advance(9_999);
        assertThat(heard).isEmpty();
        machine.queue().advance(1);
        assertThat(heard).containsExactly(now + 10_000);
    }

    @Test
    void withoutAProcessorAnInterruptIsNobodys() {
        monitor.faultInterrupt();
        int events = machine.trace().size();
        machine.queue().advance(20_000);
        assertThat(machine.trace().size()).isEqualTo(events);
    }

    @ParameterizedTest
    @ValueSource(strings = {"vtd1", "amd1"})
    void everyUnitIsHeardByItsIndex(String name) {
        Machine of = stage(name).machine(Level.KEEP);
        int function = of.functionsWithDevice().get(0).requesterId();
        int unit = of.description().unitOf(of.fabric().function(function).alias());
        byte[] bytes = new byte[8];
        of.slot(function).dma().write(0x7f_ffff_f000L, bytes, 0, bytes.length);
        assertThat(Stage.events(of.trace())).filteredOn(e -> e.kind() == EventKind.FAULT)
                .hasSize(1).allSatisfy(e -> {
                    assertThat(e.actor()).isEqualTo(unit);
                    assertThat((int) e.b()).isEqualTo(function);
                });
    }

    // ---- functions ------------------------------------------------------------------------------

    @Test
    void functionsWithADeviceAreThoseThatAModelAccepts() {
        for (var config : machine.description().functions()) {
            boolean accepted = machine.services().models().stream()
                    .anyMatch(m -> m.accepts(config));
            int id = config.requesterId();
            assertThat(machine.slot(id) != null).isEqualTo(accepted);
            assertThat(machine.device(id) != null).isEqualTo(accepted);
            assertThat(machine.functionsWithDevice().stream()
                    .anyMatch(f -> f.requesterId() == id)).isEqualTo(accepted);
            assertThat(machine.config(id)).isSameAs(config);
        }
        assertThat(machine.config(0x7fff_0000)).isNull();
        assertThat(machine.device(0x7fff_0000)).isNull();
        assertThat(machine.trace().acting()).isEqualTo(Trace.NOBODY);
    }
}
