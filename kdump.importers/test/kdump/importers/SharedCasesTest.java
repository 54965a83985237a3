// SPDX-License-Identifier: Apache-2.0
package kdump.importers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import iommu.api.machine.FirmwareTable;
import iommu.api.machine.FormatException;
import iommu.api.machine.MachineDescription;
import iommu.api.machine.UnitDescription;
import iommu.api.memory.AddressRange;
import iommu.api.pcie.RequesterId;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import kdump.importers.acpi.AcpiTables;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Essences of public reports, which lie beside the repository. */
class SharedCasesTest {

    private final CaptureDirectoryImporter importer = new CaptureDirectoryImporter();

    private MachineDescription machine(String name) throws IOException {
        Path folder = LabFiles.shared("cases/" + name);
        assertThat(importer.accepts(folder)).isTrue();
        return importer.read(folder, null);
    }

    private static int root(UnitDescription unit) {
        return unit.profile().registers().getOrDefault(0x20, 0);
    }

    @Test
    void reportOfABootLogIsAMachineThatBootsCold() throws IOException {
        MachineDescription machine = machine("01-dmesg-only");
        assertThat(machine.units()).hasSize(2);
        assertThat(machine.units().get(1).profile().registers())
                .containsEntry(0x08, 0x06f0466 | 1 << 28).containsEntry(0x10, 0xf020df);
        assertThat(machine.reservedRegions()).extracting(r -> r.range())
                .containsExactly(new AddressRange(0x3b422000, 0x3b432000));
        assertThat(machine.unitOf(RequesterId.parse("05:00.0"))).isEqualTo(1);
        assertThat(machine.driverMemory()).hasSize(1);
        assertThat(machine.remarks()).anyMatch(r -> r.contains("by a cold boot"));
    }

    /** With registers of one unit or of none, and in the words of three kernels. */
    @ParameterizedTest
    @ValueSource(strings = {"02-eight-units", "02b-eight-units-regs-of-one",
        "02c-eight-units-dmesg-3.2", "02d-eight-units-dmesg-3.10"})
    void reportOfEightUnitsHasTheTablesOfAllThatHaveSome(String name) throws IOException {
        MachineDescription machine = machine(name);
        assertThat(machine.units()).hasSize(8);
        assertThat(machine.units().stream().filter(u -> root(u) != 0)).hasSize(5);
        assertThat(machine.units().stream().filter(
                u -> u.profile().registerBase() == 0xaaffc000L && root(u) == 0x1000c000))
                .hasSize(1);
        assertThat(machine.units()).allMatch(
                u -> u.profile().registers().getOrDefault(0x10, 0) == 0xf020df);
    }

    @Test
    void reportOfIomemWithoutRootGoesOnWithoutIt() throws IOException {
        assertThat(machine("03-iomem-unprivileged").remarks())
                .anyMatch(r -> r.startsWith("iomem was read without root"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"04-var-crash-layout", "04d-ubuntu"})
    void reportOfVarCrashIsRead(String name) throws IOException {
        assertThat(root(machine(name).units().get(0))).isEqualTo(0x20f1000);
    }

    @ParameterizedTest
    @CsvSource({"04c-incomplete, 0x70", "04e-incomplete-late, 0x39"})
    void reportOfATruncatedDumpLacksOnlyWhatLiesBeyond(String name, String pages)
            throws IOException {
        MachineDescription machine = machine(name);
        assertThat(machine.remarks()).anyMatch(r -> r.startsWith("The dump breaks off at 0x")
                && r.contains(": " + pages + " of 0x13e pages"));
        assertThat(machine.units()).hasSize(name.startsWith("04e") ? 1 : 0);
    }

    @Test
    void reportOfOneTableInFourFormsIsTheSameTable() throws IOException {
        Path folder = LabFiles.shared("cases/06-dsl");
        List<FirmwareTable> tables = new ArrayList<>();
        for (String name : List.of("DMAR.aml", "dmar.dsl", "xxd.txt", "hexdump-C.txt")) {
            tables.addAll(new AcpiTables().read(folder.resolve(name)));
        }
        assertThat(tables).hasSize(4).allMatch(
                t -> t.fields().equals(tables.get(0).fields())
                        && t.kernelLog().equals(tables.get(0).kernelLog()));
        assertThat(tables.get(0).kernelLog()).contains("DMAR: [Firmware Bug]: Your BIOS is broken;"
                + " RHSA refers to non-existent DMAR unit at 9d7fc000");
    }

    @Test
    void reportOfABrokenBiosHasTheKernelsLines() throws IOException {
        Path folder = LabFiles.shared("cases/07-bios-broken");
        assertThat(new AcpiTables().read(folder).get(0).kernelLog())
                .contains("DMAR: [Firmware Bug]: Your BIOS is broken; DMAR reported at address 0!",
                        "DMAR: [Firmware Bug]: No firmware reserved region can cover this RMRR"
                                + " [0x0000000020000000-0x000000002001ffff], contact BIOS vendor"
                                + " for fixes")
                .noneMatch(l -> l.contains("RMRR [0x000000007b800000"));
        assertThat(machine("07-bios-broken").units()).hasSize(1);
    }

    @Test
    void reportOfAUnitThatReadsAllOnesIsRefused() {
        Path folder = LabFiles.shared("cases/08-all-ones");
        assertThatThrownBy(() -> importer.read(folder, null)).isInstanceOf(FormatException.class)
                .hasMessageContaining("iommu-regs.json")
                .hasMessageContaining("unit at 0xfbffc000")
                .hasMessageContaining("reads all ones: the unit does not answer");
    }

    @Test
    void reportOfMappedStolenMemoryHasBothUnits() throws IOException {
        MachineDescription machine = machine("13-igpu-rmrr-root");
        assertThat(machine.units()).hasSize(2).allMatch(u -> root(u) != 0);
        assertThat(machine.reservedFor(RequesterId.parse("00:02.0")))
                .containsExactly(new AddressRange(0x7b80_0000, 0x8000_0000L));
    }

    @ParameterizedTest
    @ValueSource(strings = {"14-lspci-no-hex", "15-sosreport"})
    void reportWithLspciInWordsHasItsFunctions(String name) throws IOException {
        MachineDescription machine = machine(name);
        assertThat(machine.functions()).hasSize(3);
        assertThat(machine.functions().get(1).u8(0x19)).isEqualTo(2);
        assertThat(machine.functions().get(2).classCode()).isEqualTo(0x010400);
        assertThat(machine.reservedFor(RequesterId.parse("02:00.0"))).hasSize(6);
        assertThat(root(machine.units().get(0))).isEqualTo(0x10000000);
        assertThat(machine.commandLine()).isEqualTo("intel_iommu=on crashkernel=144M");
        assertThat(machine.crashReservation())
                .isEqualTo(new AddressRange(0x2b00_0000, 0x3400_0000));
    }
}
