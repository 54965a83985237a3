// SPDX-License-Identifier: Apache-2.0
package iommu.api.machine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import iommu.api.machine.UnitDescription.Scope;
import iommu.api.memory.AddressRange;
import iommu.api.memory.MemoryMap;
import iommu.api.pcie.FunctionConfig;
import iommu.api.pcie.RequesterId;
import iommu.api.profile.UnitProfile;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Who serves whom in a machine, and what is reserved for whom. */
class MachineDescriptionTest {

    private static final MemoryMap NO_MEMORY = new MemoryMap(List.of());

    private static UnitProfile profile(String name) {
        return new UnitProfile("vtd", name, 0xfed9_0000L, Map.of(), Map.of());
    }

    private static int id(String text) {
        return RequesterId.parse(text);
    }

    private static Scope endpoint(String text) {
        return new Scope(id(text), 1, 0);
    }

    private static Scope bridge(String text, int first, int last) {
        return new Scope(id(text), first, last);
    }

    private static UnitDescription unit(int segment, boolean others, Scope... scopes) {
        return new UnitDescription(profile("u"), segment, others, List.of(scopes));
    }

    private static MachineDescription machine(UnitDescription... units) {
        return new MachineDescription("m", "a test", NO_MEMORY, null, List.of(units), List.of(),
                null, "", "", "", List.of());
    }

    /** The unit of the graphics, one for a bridge, one for all else; and another segment. */
    private static MachineDescription usual() {
        return machine(unit(0, false, endpoint("00:02.0")),
                unit(0, true, bridge("00:1c.0", 3, 5)), unit(0, false, bridge("00:01.0", 1, 2)),
                unit(1, false, endpoint("0001:00:02.0")));
    }

    @ParameterizedTest
    @CsvSource({"00:02.0, 0", "00:02.1, 1", "00:1f.2, 1", "00:1c.0, 1", "04:00.0, 1",
        "00:01.0, 2", "01:00.0, 2", "02:1f.7, 2", "06:00.0, 1", "0001:00:02.0, 3",
        "0001:01:00.0, -1", "0002:00:02.0, -1"})
    void theNamedUnitServesAndElseTheOneForAllOthers(String requester, int unit) {
        assertThat(usual().unitOf(id(requester))).isEqualTo(unit);
    }

    @Test
    void withoutAUnitForTheOthersNobodyServesThem() {
        assertThat(machine(unit(0, false, endpoint("00:02.0"))).unitOf(id("00:03.0")))
                .isEqualTo(-1);
        assertThat(machine().unitOf(0)).isEqualTo(-1);
    }

    @Test
    void aNameCountsWhereverItStandsInTheList() {
        assertThat(machine(unit(0, true), unit(0, false, endpoint("00:02.0")))
                .unitOf(id("00:02.0"))).isEqualTo(1);
    }

    @ParameterizedTest
    @CsvSource({"00:1c.0, true", "00:1c.1, false", "03:00.0, true", "05:1f.7, true",
        "06:00.0, false", "02:00.0, false", "0001:03:00.0, false"})
    void aBridgesScopeIsItselfAndAllBehindIt(String requester, boolean covered) {
        assertThat(bridge("00:1c.0", 3, 5).covers(id(requester))).isEqualTo(covered);
    }

    @ParameterizedTest
    @CsvSource({"00:1f.2, true", "00:1f.3, false", "00:00.0, false", "01:00.0, false",
        "0001:00:1f.2, false"})
    void anEndpointsScopeIsItselfAlone(String requester, boolean covered) {
        assertThat(endpoint("00:1f.2").covers(id(requester))).isEqualTo(covered);
    }

    @Test
    void regionsAreReservedForThoseTheyName() {
        var usb = new ReservedRegion(new AddressRange(0x1000, 0x3000), List.of(
                endpoint("00:14.0"), endpoint("00:1a.0")));
        var graphics = new ReservedRegion(new AddressRange(0x10_0000, 0x20_0000),
                List.of(endpoint("00:02.0"), endpoint("00:14.0")));
        MachineDescription machine = usual().withReservedRegions(List.of(graphics, usb));
        assertThat(machine.reservedFor(id("00:14.0")))
                .containsExactly(graphics.range(), usb.range());
        assertThat(machine.reservedFor(id("00:1a.0"))).containsExactly(usb.range());
        assertThat(machine.reservedFor(id("00:1b.0"))).isEmpty();
        assertThat(usb.names(id("00:02.0"))).isFalse();
    }

    @ParameterizedTest
    @CsvSource({"0x1000, 0x2fff", "0x1001, 0x3000", "8, 16"})
    void aReservedRegionIsWholePages(String start, String end) {
        assertThatIllegalArgumentException().isThrownBy(() -> new ReservedRegion(
                new AddressRange(Long.decode(start), Long.decode(end)), List.of()))
                .withMessageContaining("whole pages");
    }

    @Test
    void aMachineWithOnePartReplacedKeepsTheOthers() {
        MachineDescription machine = new MachineDescription("m", "a file", NO_MEMORY,
                new AddressRange(0x100_0000, 0x200_0000), List.of(unit(0, true)), List.of(),
                Set.of(8), List.of(new FunctionConfig(8, new byte[64])), null, "6.1.0-1", "quiet",
                "irqpoll", List.of("assumed much"));
        List<UnitDescription> units = List.of(
                unit(0, true).withProfile(profile("other")));
        MachineDescription changed = machine.withUnits(units).withAtsFunctions(Set.of(16, 24));
        assertThat(changed.units()).isEqualTo(units);
        assertThat(changed.units().get(0).profile().name()).isEqualTo("other");
        assertThat(changed.units().get(0).allOthers()).isTrue();
        assertThat(changed.atsFunctions()).containsExactlyInAnyOrder(16, 24);
        assertThat(changed.withUnits(machine.units()).withAtsFunctions(Set.of(8)))
                .isEqualTo(machine);
        assertThat(machine.withReservedRegions(List.of())).isEqualTo(machine);
    }

    @Test
    void driversOfTheCaptureKernelAreKnownOrNot() {
        assertThat(usual().captureDrivers()).as("nobody told").isNull();
        MachineDescription told = usual().withCaptureDrivers(Set.of(8));
        assertThat(told.captureDrivers()).containsExactly(8);
        assertThat(told.withUnits(List.of()).captureDrivers()).containsExactly(8);
        assertThat(told.booted(null, null, List.of(), List.of()).captureDrivers())
                .containsExactly(8);
        assertThat(told.withCaptureDrivers(Set.of()).captureDrivers()).as("none").isEmpty();
        assertThat(told.withCaptureDrivers(null)).isEqualTo(usual());
    }

    @Test
    void whatWasLeftOutIsEmpty() {
        assertThat(usual().atsFunctions()).isEmpty();
        assertThat(usual().reservedRegions()).isEmpty();
        assertThat(new MachineDescription("m", "s", NO_MEMORY, null, List.of(), List.of(),
                List.of(), null, "", "", "", List.of()).atsFunctions()).isEmpty();
    }

    @Test
    void aDescriptionDoesNotChangeWithTheListsItWasMadeOf() {
        List<UnitDescription> units = new ArrayList<>(List.of(unit(0, true)));
        List<Scope> scopes = new ArrayList<>(List.of(endpoint("00:02.0")));
        MachineDescription machine = machine(units.toArray(UnitDescription[]::new));
        var described = new UnitDescription(profile("p"), 0, false, scopes);
        units.clear();
        scopes.clear();
        assertThat(machine.units()).hasSize(1);
        assertThat(described.scopes()).hasSize(1);
        assertThatExceptionOfType(UnsupportedOperationException.class)
                .isThrownBy(() -> machine.units().clear());
    }
}
