// SPDX-License-Identifier: Apache-2.0
package kdump.importers;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.machine.MachineDescription;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Captures of AMD machines with their registers left away: the device table is found in them. */
class FoundDeviceTablesTest {

    private final CaptureDirectoryImporter importer = new CaptureDirectoryImporter();

    @TempDir
    Path temp;

    private static long deviceTable(MachineDescription machine) {
        Map<Integer, Integer> words = machine.units().get(0).profile().registers();
        return (long) words.get(4) << 32 | Integer.toUnsignedLong(words.get(0));
    }

    private void checkFound(Path capture, Path dump) throws IOException {
        MachineDescription known = importer.read(capture, null);
        MachineDescription bare = importer.read(dump, null);
        assertThat(bare.units()).singleElement().satisfies(u -> {
            assertThat(u.profile().vendor()).isEqualTo("amdvi");
            assertThat(u.profile().registerBase()).isEqualTo(0xfed8_0000L);
            assertThat(u.profile().registers()).containsEntry(0x18, 1);
        });
        long found = deviceTable(bare);
        assertThat(found & -0x1000).as(dump.toString()).isEqualTo(deviceTable(known) & -0x1000);
        assertThat(found & 0x1ff).as("at most the pages that it has")
                .isLessThanOrEqualTo(deviceTable(known) & 0x1ff);
        assertThat(bare.remarks()).anyMatch(r -> r.startsWith("Device table of the unit at"
                + " 0xfed80000: 0x") && r.contains("made up"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"amd1", "kdamd1"})
    void theDeviceTableOfEveryCaptureIsFoundWithoutRegisters(String name) throws IOException {
        Path capture = LabFiles.capture(name);
        int dumps = 0;
        for (Path file : LabFiles.filesOf(capture)) {
            if (file.getFileName().toString().matches("(tables|vmcore-).*gz")) {
                checkFound(capture, file);
                dumps++;
            }
        }
        assertThat(dumps).isPositive();
    }

    @ParameterizedTest
    @ValueSource(strings = {"amd1", "amd2_612_lazy", "kdamd1", "kdamd1_mid"})
    void andOfTheCapturesBesideThem(String name) throws IOException {
        Path capture = LabFiles.shared("captures/" + name);
        for (Path file : LabFiles.filesOf(capture)) {
            if (file.getFileName().toString().matches("(tables|vmcore-).*gz")) {
                checkFound(capture, file);
            }
        }
    }

    @Test
    void withIvrsTheUnitIsThatOfTheTable() throws IOException {
        Path capture = LabFiles.capture("amd1");
        Path acpi = Files.createDirectories(temp.resolve("guest/acpi"));
        Files.copy(capture.resolve("guest/acpi/IVRS.aml"), acpi.resolve("IVRS.aml"));
        Files.copy(capture.resolve("tables.elf.gz"), temp.resolve("tables.elf.gz"));
        MachineDescription machine = importer.read(temp, null);
        assertThat(machine.remarks()).noneMatch(r -> r.contains("is assumed to serve"));
        assertThat(machine.units()).singleElement().satisfies(u -> assertThat(
                u.profile().registers()).containsEntry(0x18, 1));
        assertThat(deviceTable(machine) & -0x1000)
                .isEqualTo(deviceTable(importer.read(capture, null)) & -0x1000);
    }

    @Test
    void aWholeDumpOfTheOtherVendorHasNone() throws IOException {
        MachineDescription machine = importer.read(LabFiles.shared("captures/full_vtd"), null);
        assertThat(machine.units()).allMatch(u -> u.profile().vendor().equals("vtd"));
    }
}
