// SPDX-License-Identifier: Apache-2.0
package kdump.importers;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.machine.MachineDescription;
import iommu.api.machine.UnitDescription;
import iommu.api.memory.AddressRange;
import iommu.api.memory.MemoryKind;
import iommu.api.memory.PhysicalMemory;
import iommu.api.pcie.FunctionConfig;
import iommu.api.pcie.RequesterId;
import iommu.api.profile.UnitProfile;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class RealCapturesTest {

    private final CaptureDirectoryImporter importer = new CaptureDirectoryImporter();

    private MachineDescription machine(String name) throws IOException {
        return importer.read(LabFiles.capture(name), null);
    }

    @ParameterizedTest
    @ValueSource(strings = {"vtd1", "vtdsm1", "vtd39_612_lazy", "vtd_pt", "vtd_ats"})
    void everyCaptureIsOneUnitAndSeventeenFunctions(String name) throws IOException {
        assertThat(importer.accepts(LabFiles.capture(name))).isTrue();
        MachineDescription machine = machine(name);
        assertThat(machine.name()).isEqualTo(name);
        assertThat(machine.source()).endsWith(name);
        assertThat(machine.functions()).hasSize(17);
        assertThat(machine.functions()).extracting(FunctionConfig::requesterId).isSorted();
        assertThat(machine.units()).hasSize(1);
        UnitProfile profile = machine.units().get(0).profile();
        assertThat(profile.vendor()).isEqualTo("vtd");
        assertThat(profile.name()).isEqualTo(name);
        assertThat(profile.registerBase()).isEqualTo(0xfed90000L);
        assertThat(profile.registers()).hasSize(140).containsEntry(0x1c, 0xc7000000);
        assertThat(profile.settings()).as("QEMU's unit").containsOnly(
                Map.entry("structureCacheEntries", 0L), Map.entry("snoopsAlways", 1L),
                Map.entry("hostAddressWidth", name.startsWith("vtd39") ? 39L : 48L));
    }

    @ParameterizedTest
    @ValueSource(strings = {"vtd1", "vtdsm1", "vtd39_612_lazy", "vtd_pt", "vtd_ats"})
    void everyFunctionIsServedByTheUnit(String name) throws IOException {
        MachineDescription machine = machine(name);
        assertThat(machine.functions())
                .allMatch(f -> machine.unitOf(f.requesterId()) == 0);
        assertThat(machine.unitOf(RequesterId.parse("06:00.0"))).as("the bridge's alias").isZero();
        assertThat(machine.unitOf(RequesterId.parse("07:00.0"))).as("no such bus").isEqualTo(-1);
    }

    @ParameterizedTest
    @ValueSource(strings = {"vtd1", "vtdsm1", "vtd39_612_lazy", "vtd_pt", "vtd_ats"})
    void everyCapturedByteFitsTheMemoryOfTheMap(String name) throws IOException {
        MachineDescription machine = machine(name);
        PhysicalMemory memory = machine.memoryMap().memory(1);
        for (AddressRange range : machine.image().ranges()) {
            byte[] bytes = new byte[(int) range.bytes()];
            machine.image().read(range.start(), bytes, 0, bytes.length);
            memory.write(range.start(), bytes, 0, bytes.length);
        }
    }

    @Test
    void theMemoryOfVtd1IsAsIomemSays() throws IOException {
        MachineDescription machine = machine("vtd1");
        assertThat(machine.memoryMap().ranges(MemoryKind.SYSTEM_RAM)).containsExactly(
                new AddressRange(0x1000, 0x9fc00), new AddressRange(0x100000, 0xbfcc000));
        assertThat(machine.memoryMap().ranges(MemoryKind.FIRMWARE_RAM)).containsExactly(
                new AddressRange(0, 0x1000), new AddressRange(0x9fc00, 0xa0000),
                new AddressRange(0xbfcc000, 0xc000000));
        assertThat(machine.memoryMap().ranges(MemoryKind.ROM)).containsExactly(
                new AddressRange(0xc0000, 0xc0e00), new AddressRange(0xf0000, 0x100000),
                new AddressRange(0xfffc0000L, 0x100000000L));
        assertThat(machine.memoryMap().kindAt(0xb0000000L)).isEqualTo(MemoryKind.MMIO);
        assertThat(machine.memoryMap().kindAt(0xfd00000000L)).isEqualTo(MemoryKind.MMIO);
    }

    @Test
    void theImageOfVtd1HoldsTheLoadSegments() throws IOException {
        MachineDescription machine = machine("vtd1");
        assertThat(machine.image().ranges()).hasSize(38)
                .startsWith(AddressRange.of(0x11c3000, 0x1000),
                        AddressRange.of(0x1200000, 0x100000), AddressRange.of(0x20f1000, 0x1000))
                .endsWith(AddressRange.of(0xba89000, 0x3000));
    }

    @Test
    void theRootTableOfVtd1LeadsToContextTables() throws IOException {
        MachineDescription machine = machine("vtd1");
        int rootTable = machine.units().get(0).profile().registers().get(0x20);
        byte[] entry = new byte[8];
        machine.image().read(rootTable, entry, 0, 8);
        assertThat(entry[0] & 1).as("present").isEqualTo(1);
        long contextTable = (entry[1] & 0xf0L) << 8 | (entry[2] & 0xffL) << 16
                | (entry[3] & 0xffL) << 24;
        machine.image().read(contextTable, entry, 0, 8);
        assertThat(entry[0] & 1).as("context entry of 00:00.0 present").isEqualTo(1);
    }

    @Test
    void vtd1HasNoReservation() throws IOException {
        MachineDescription machine = machine("vtd1");
        assertThat(machine.crashReservation()).isNull();
        assertThat(machine.remarks()).hasSize(4)
                .contains("The dump says: kernel 6.1.0-56-amd64.")
                .anyMatch(remark -> remark.startsWith("QEMU made the VT-d unit: "))
                .anyMatch(remark -> remark.startsWith("Of I/O APICs only their ids are known"));
        assertThat(machine.commandLine()).startsWith("console=ttyS0 intel_iommu=on");
    }

    @Test
    void bridgesOfVtd1CoverWhatLiesBehindThem() throws IOException {
        UnitDescription unit = machine("vtd1").units().get(0);
        assertThat(unit.allOthers()).isFalse();
        assertThat(unit.scopes()).hasSize(10).contains(
                new UnitDescription.Scope(RequesterId.parse("00:1f.2"), 1, 0),
                new UnitDescription.Scope(RequesterId.parse("00:05.0"), 6, 6));
    }

    @Test
    void atsOfVtdAtsIsForAllButWhatLiesBehindItsBridgeToPci() throws IOException {
        MachineDescription machine = machine("vtd_ats");
        assertThat(machine.remarks()).noneMatch(r -> r.startsWith("DMAR structures not used"));
        assertThat(machine.atsFunctions()).contains(RequesterId.parse("05:00.0"))
                .doesNotContain(RequesterId.parse("06:01.0"), RequesterId.parse("06:02.0"))
                .hasSize(machine.functions().size() - 2);
    }

    @Test
    void aCaptureOfTheCopiedTablesHasWhatItsConsoleTells() throws IOException {
        Path capture = LabFiles.shared("captures/kdvtd1_mid");
        MachineDescription machine = importer.read(capture, null);
        assertThat(machine.functions()).hasSize(17);
        assertThat(machine.crashReservation()).isNull();
        assertThat(machine.units()).singleElement().satisfies(unit -> {
            assertThat(unit.allOthers()).isTrue();
            assertThat(unit.profile().registerBase()).isEqualTo(0xfed90000L);
            assertThat(unit.profile().registers()).as("of regs-capture.json")
                    .containsEntry(0x20, 0x12c84000);
        });
        assertThat(machine.memoryMap().ranges(MemoryKind.SYSTEM_RAM))
                .contains(new AddressRange(0x10_0000, 0x1bfc_c000));
        assertThat(machine.driverMemory()).isEmpty();
        assertThat(machine.remarks())
                .contains("Memory is as firmware told the kernel (BIOS-e820 in console.log).")
                .anyMatch(r -> r.startsWith("The tables lie where the capture kernel copied"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"amd1", "amd2_612_lazy", "kdamd1"})
    void anAmdCaptureHasTheUnitOfItsIvrsTable(String name) throws IOException {
        MachineDescription machine =
                importer.read(LabFiles.shared("captures/" + name), null);
        assertThat(machine.units()).singleElement().satisfies(unit -> {
            assertThat(unit.profile().vendor()).isEqualTo("amdvi");
            assertThat(unit.profile().registerBase()).isEqualTo(0xfed80000L);
            assertThat(unit.profile().registers().get(0x18) & 1).as("IommuEn").isOne();
            assertThat(unit.allOthers()).isFalse();
            assertThat(unit.names(RequesterId.parse("00:1f.3"))).isTrue();
            assertThat(unit.names(RequesterId.parse("01:1f.7"))).as("a bus as a range").isTrue();
            assertThat(unit.names(RequesterId.parse("00:04.0"))).isFalse();
        });
        assertThat(machine.functions()).hasSizeGreaterThan(10);
    }

    @Test
    void withoutIvrsTableRegistersTellThatTheUnitIsAmds() throws IOException {
        MachineDescription machine =
                importer.read(LabFiles.shared("captures/kdamd1_mid"), null);
        assertThat(machine.units()).singleElement().satisfies(unit -> {
            assertThat(unit.profile().vendor()).isEqualTo("amdvi");
            assertThat(unit.allOthers()).isTrue();
            assertThat(unit.profile().registers()).as("of regs-capture.json")
                    .containsEntry(0, 0x111d0007);
        });
    }

    /** Listing, log and QEMU's monitor stand in for config space. */
    @ParameterizedTest
    @CsvSource({"kdvtd7_roots2, 18, 07:01.0", "kdvtd7_sm, 18, 02:00.0", "kdamd7_mpt, 13, 00:0c.0",
        "kdamd612, 12, 00:09.0", "none7_dumponly, 18, 07:01.0"})
    void aCaptureWithoutLspciHasTheFunctionsThatItsTextsTell(String name, int count, String busy)
            throws IOException {
        MachineDescription machine =
                importer.read(LabFiles.shared("captures/" + name), null);
        assertThat(machine.functions()).hasSize(count);
        FunctionConfig function = machine.functions().stream()
                .filter(f -> f.requesterId() == RequesterId.parse(busy)).findFirst().orElseThrow();
        assertThat(function.read(4, 2) & 4).as("bus master").isEqualTo(4);
        assertThat(function.classCode() >>> 16).isIn(1, 2);
        assertThat(machine.functions().stream().filter(f -> f.headerType() == 1))
                .allMatch(f -> f.u8(0x19) > 0);
        assertThat(machine.remarks()).anyMatch(r -> r.startsWith("No config space captured: "));
        assertThat(machine.captureDrivers()).contains(RequesterId.parse("00:1f.2"));
    }

    @Test
    void aCaptureKernelWithModulesOfItsDumpTargetHasNoOtherDrivers() throws IOException {
        Set<Integer> drivers = importer.read(LabFiles.shared("captures/kdvtd7_roots2"), null)
                .captureDrivers();
        assertThat(drivers).contains(RequesterId.parse("03:00.0"), RequesterId.parse("00:1f.2"))
                .doesNotContain(RequesterId.parse("01:00.0"), RequesterId.parse("02:00.0"),
                        RequesterId.parse("06:00.0"), RequesterId.parse("07:01.0"));
        assertThat(machine("vtd1").captureDrivers()).as("nothing tells").isNull();
    }

    @Test
    void theRootOfTheRepositoryIsNoMachine() {
        assertThat(importer.accepts(LabFiles.root())).isFalse();
    }

    /** No dump, or none with tables: what is there tells how the machine boots. */
    @ParameterizedTest
    @ValueSource(strings = {"kdvtd7_pt", "kdvtd4_sm_run1", "kdamd4_resetdev", "kdvtd7_nostop"})
    void aCaptureWithoutTablesBootsCold(String name) throws IOException {
        Path capture = LabFiles.shared("captures/" + name);
        assertThat(importer.accepts(capture)).isTrue();
        MachineDescription machine = importer.read(capture, null);
        assertThat(machine.driverMemory()).hasSizeGreaterThan(4);
        assertThat(machine.units()).singleElement().satisfies(unit ->
                assertThat(unit.profile().registers()).doesNotContainKeys(0x18, 0x20));
        assertThat(machine.crashReservation()).isNotNull();
        assertThat(machine.commandLine()).contains("iommu");
        assertThat(machine.functions().stream().filter(f -> f.headerType() == 0))
                .as("firmware leaves bus mastering off").allMatch(f -> (f.u16(4) & 4) == 0);
        assertThat(machine.remarks()).anyMatch(r -> r.contains("by a cold boot"));
    }
}
