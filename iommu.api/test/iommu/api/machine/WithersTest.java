// SPDX-License-Identifier: Apache-2.0
package iommu.api.machine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import iommu.api.machine.UnitDescription.Scope;
import iommu.api.memory.AddressRange;
import iommu.api.memory.MemoryImage;
import iommu.api.memory.MemoryKind;
import iommu.api.memory.MemoryMap;
import iommu.api.pcie.FunctionConfig;
import iommu.api.profile.KernelTimes;
import iommu.api.profile.UnitProfile;
import iommu.api.unit.IoApic;
import java.lang.reflect.RecordComponent;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Each "with" changes what it is named after, and nothing else, whatever the machine has. */
class WithersTest {

    private static final MemoryMap MAP = new MemoryMap(List.of(new MemoryMap.Region(
            new AddressRange(0, 0x1000_0000), MemoryKind.SYSTEM_RAM, "System RAM")));
    private static final AddressRange RESERVATION = new AddressRange(0x100_0000, 0x200_0000);
    private static final AddressRange LOW = new AddressRange(0x300_0000, 0x400_0000);

    /** A dump that holds nothing. */
    private record Nothing() implements MemoryImage {

        @Override
        public List<AddressRange> ranges() {
            return List.of();
        }

        @Override
        public void read(long address, byte[] to, int offset, int bytes) {
            throw new IndexOutOfBoundsException(address + "");
        }
    }

    private static UnitDescription unit(int segment) {
        return new UnitDescription(new UnitProfile("vtd", "p", 0xfed9_0000L, Map.of(), Map.of()),
                segment, true, List.of(new Scope(8, 1, 0)));
    }

    private static ReservedRegion region(long start) {
        return new ReservedRegion(AddressRange.of(start, 0x1000), List.of(new Scope(8, 1, 0)));
    }

    private static RunDefaults defaults() {
        return new RunDefaults("6.1", Map.of(8, Map.of("a", 1L)), Map.of(8, 2.5),
                KernelTimes.SERVER, "some", Set.of(16), Set.of(24), LOW);
    }

    /** A machine that has something of everything. */
    private static MachineDescription full() {
        return new MachineDescription("name", "source", MAP, RESERVATION, List.of(unit(0)),
                List.of(region(0x5000)), Set.of(8), List.of(new FunctionConfig(8, new byte[256])),
                null, "6.1.0-1", "quiet", "irqpoll", List.of("a remark"),
                List.of(new DriverMemory(8, 1, 2, 3, 0)), Set.of(8), defaults(),
                List.of(new IoApic(1, 0xfec0_0000L, 0, 24, 0xa0, 0, true)));
    }

    /** Returns the names of the components in which two records differ. */
    private static Set<String> differences(Record one, Record other) {
        var names = new TreeSet<String>();
        for (RecordComponent part : one.getClass().getRecordComponents()) {
            try {
                Object mine = part.getAccessor().invoke(one);
                Object its = part.getAccessor().invoke(other);
                if (mine == null ? its != null : !mine.equals(its)) {
                    names.add(part.getName());
                }
            } catch (ReflectiveOperationException e) {
                throw new AssertionError(e);
            }
        }
        return names;
    }

    private static Arguments machine(UnaryOperator<MachineDescription> change, String... names) {
        return Arguments.of(change, Set.of(names));
    }

    static Stream<Arguments> machines() {
        return Stream.of(machine(m -> m.withReservedRegions(List.of()), "reservedRegions"),
                machine(m -> m.withReservedRegions(m.reservedRegions())),
                machine(m -> m.withAtsFunctions(Set.of(8, 16)), "atsFunctions"),
                machine(m -> m.withAtsFunctions(Set.of(8))),
                machine(m -> m.withCaptureDrivers(null), "captureDrivers"),
                machine(m -> m.withCaptureDrivers(Set.of()), "captureDrivers"),
                machine(m -> m.withRunDefaults(RunDefaults.NONE), "runDefaults"),
                machine(m -> m.withRunDefaults(defaults())),
                machine(m -> m.withRemarks(List.of("more")), "remarks"),
                machine(m -> m.withRemarks(List.of())),
                machine(m -> m.withIoApics(List.of()), "ioApics"),
                machine(m -> m.withIoApics(m.ioApics())),
                machine(m -> m.withUnits(List.of()), "units"),
                machine(m -> m.withUnits(List.of(unit(0)))),
                machine(m -> m.withMemoryMap(new MemoryMap(List.of())), "memoryMap"),
                machine(m -> m.withFunctions(List.of()), "functions"),
                machine(m -> m.booted(new Nothing(), LOW, List.of(unit(1)), List.of()), "image",
                        "crashReservation", "units", "functions", "driverMemory"),
                machine(m -> m.booted(null, RESERVATION, m.units(), m.functions()),
                        "driverMemory"));
    }

    @ParameterizedTest
    @MethodSource("machines")
    void aMachineKeepsTheRest(UnaryOperator<MachineDescription> change, Set<String> names) {
        MachineDescription full = full();
        MachineDescription changed = change.apply(full);
        assertThat(differences(full, changed)).isEqualTo(names);
    }

    @Test
    void remarksAreAddedBehindTheOthers() {
        assertThat(full().withRemarks(List.of("b", "c")).withRemarks(List.of("a remark")).remarks())
                .containsExactly("a remark", "b", "c", "a remark");
    }

    @Test
    void whatIsReservedComesInTheOrderOfTheTable() {
        MachineDescription machine = full().withReservedRegions(List.of(region(0x9000),
                new ReservedRegion(AddressRange.of(0x7000, 0x1000), List.of()), region(0x1000)));
        assertThat(machine.reservedFor(8)).containsExactly(AddressRange.of(0x9000, 0x1000),
                AddressRange.of(0x1000, 0x1000));
        assertThat(machine.reservedFor(9)).isEmpty();
    }

    // ---- defaults of runs -----------------------------------------------------------------------

    static Stream<Arguments> runs() {
        return Stream.of(run(d -> d.withLowReservation(null), "lowReservation"),
                run(d -> d.withLowReservation(LOW)),
                run(d -> d.withLowReservation(RESERVATION), "lowReservation"),
                run(d -> d.withFunctions(Set.of(), Set.of(24)), "pluggedAtCrash"),
                run(d -> d.withFunctions(Set.of(16), Set.of()), "guests"),
                run(d -> d.withFunctions(Set.of(24), Set.of(16)), "guests", "pluggedAtCrash"),
                run(d -> d.withFunctions(Set.of(16), Set.of(24))),
                run(RunDefaults::ofBooted, "bootedHere"),
                run(d -> d.withDeviceOption(8, "b", 2), "deviceOptions"),
                run(d -> d.withDeviceOption(16, "a", 1), "deviceOptions"),
                run(d -> d.withDeviceOption(8, "a", 1)));
    }

    private static Arguments run(UnaryOperator<RunDefaults> change, String... names) {
        return Arguments.of(change, Set.of(names));
    }

    @ParameterizedTest
    @MethodSource("runs")
    void defaultsKeepTheRest(UnaryOperator<RunDefaults> change, Set<String> names) {
        assertThat(differences(defaults(), change.apply(defaults()))).isEqualTo(names);
    }

    @Test
    void hardwareAloneMayBeSaid() {
        assertThat(differences(RunDefaults.NONE, RunDefaults.ofHardware("x")))
                .containsExactly("hardware");
        assertThat(RunDefaults.ofHardware("x").hardware()).isEqualTo("x");
        assertThat(RunDefaults.ofHardware("")).isEqualTo(RunDefaults.NONE);
    }

    @Test
    void defaultsDoNotChangeWithTheMapsTheyWereMadeOf() {
        Map<String, Long> options = new HashMap<>(Map.of("b", 2L, "a", 1L));
        Map<Integer, Map<String, Long>> devices = new HashMap<>(Map.of(16, options, 8, Map.of()));
        Map<Integer, Double> rates = new HashMap<>(Map.of(16, 1.0, 8, 2.0));
        Set<Integer> late = new HashSet<>(Set.of(8));
        Set<Integer> guests = new HashSet<>(Set.of(16));
        var made = new RunDefaults("", devices, rates, null, "", late, guests, null);
        options.clear();
        devices.clear();
        rates.clear();
        late.clear();
        guests.clear();
        assertThat(made.deviceOptions()).hasToString("{8={}, 16={a=1, b=2}}");
        assertThat(made.rates()).hasToString("{8=2.0, 16=1.0}");
        assertThat(made.pluggedAtCrash()).containsExactly(8);
        assertThat(made.guests()).containsExactly(16);
        for (Map<?, ?> map : List.of(made.deviceOptions(), made.rates(),
                made.deviceOptions().get(16))) {
            assertThatExceptionOfType(UnsupportedOperationException.class)
                    .isThrownBy(map::clear);
        }
    }

    // ---- units ----------------------------------------------------------------------------------

    @Test
    void aUnitWithAnotherProfileKeepsTheRest() {
        UnitProfile other = new UnitProfile("amdvi", "q", 0, Map.of(), Map.of());
        var flags = new UnitDescription.FirmwareFlags(false, true, "no");
        var unit = new UnitDescription(unit(3).profile(), 3, false, unit(3).scopes(), flags);
        assertThat(differences(unit, unit.withProfile(other))).containsExactly("profile");
        assertThat(unit.withProfile(other).profile()).isSameAs(other);
        assertThat(differences(unit(3), unit)).containsExactly("allOthers", "firmware");
        assertThat(unit(3).firmware()).isEqualTo(UnitDescription.FirmwareFlags.USUAL);
    }

    @Test
    void listsOfAMachineCannotBeChanged() {
        MachineDescription machine = full();
        var lists = new ArrayList<>(List.of(machine.units(), machine.reservedRegions(),
                machine.functions(), machine.remarks(), machine.driverMemory(),
                machine.units().get(0).scopes()));
        for (List<?> list : lists) {
            assertThat(list).isNotEmpty();
            assertThatExceptionOfType(UnsupportedOperationException.class)
                    .isThrownBy(list::clear);
        }
        assertThatExceptionOfType(UnsupportedOperationException.class)
                .isThrownBy(() -> machine.atsFunctions().clear());
        assertThatExceptionOfType(UnsupportedOperationException.class)
                .isThrownBy(() -> machine.captureDrivers().clear());
    }
}
