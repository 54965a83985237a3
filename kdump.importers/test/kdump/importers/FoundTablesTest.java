// SPDX-License-Identifier: Apache-2.0
package kdump.importers;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.machine.MachineDescription;
import iommu.api.machine.UnitDescription;
import iommu.api.memory.AddressRange;
import iommu.api.profile.UnitProfile;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import kdump.importers.bytes.TextFile;
import kdump.importers.proc.UnitLog;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class FoundTablesTest {

    private final CaptureDirectoryImporter importer = new CaptureDirectoryImporter();

    @TempDir
    Path temp;

    private void checkFound(Path capture, Path dump) throws IOException {
        MachineDescription known = importer.read(capture, null);
        MachineDescription bare = importer.read(dump, null);
        UnitProfile profile = bare.units().get(0).profile();
        var registers = known.units().get(0).profile().registers();
        assertThat(profile.registers()).as(dump.toString())
                .containsEntry(0x20, registers.get(0x20)).containsEntry(0x1c, 0xc0000000)
                .containsKeys(0, 8, 12, 16, 20, 0x24);
        assertThat(TruthWalk.of(bare)).isEqualTo(TruthWalk.of(known));
        assertThat(bare.remarks()).anyMatch(r -> r.contains("Root table of the unit at 0xfed90000")
                && r.contains("made up") && r.contains("as QEMU 7.2 has them"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"vtd1", "vtdsm1", "vtd39_612_lazy", "vtd_pt", "vtd_ats"})
    void theRootTableOfEveryCaptureIsFoundWithoutRegisters(String name) throws IOException {
        Path capture = LabFiles.capture(name);
        for (Path file : LabFiles.filesOf(capture)) {
            if (file.getFileName().toString().startsWith("tables")) {
                checkFound(capture, file);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"kdvtd1", "kdvtd4_sm", "kdvtd6_mixed"})
    void andOfTheCapturesBesideThem(String name) throws IOException {
        Path capture = LabFiles.shared("captures/" + name);
        for (Path file : LabFiles.filesOf(capture)) {
            if (file.getFileName().toString().matches("(tables|vmcore-).*gz")) {
                checkFound(capture, file);
            }
        }
    }

    @Test
    void aTableThatManyContextsShareCountsForEach() throws IOException {
        Path capture = LabFiles.shared("captures/vtd_identity");
        MachineDescription bare = importer.read(capture.resolve("tables.elf.gz"), null);
        assertThat(bare.units().get(0).profile().registers()).containsEntry(0x20, importer
                .read(capture, null).units().get(0).profile().registers().get(0x20));
        assertThat(bare.remarks()).anyMatch(r -> r.contains("18 contexts, 882036 mappings"));
    }

    @Test
    void aWholeDumpHasOneRootTable() throws IOException {
        Path capture = LabFiles.shared("captures/full_vtd");
        MachineDescription machine = importer.read(capture, null);
        assertThat(machine.units()).singleElement().satisfies(u -> assertThat(
                u.profile().registers()).containsEntry(0x20, 0x6209000).containsEntry(0x24, 0));
        assertThat(TruthWalk.of(machine)).hasSize(12288);
        assertThat(machine.remarks()).noneMatch(r -> r.contains("Also looks like"))
                .anyMatch(r -> r.contains("among 49216 pages"));
    }

    @Test
    void theLogOfTheKernelGivesTheCapabilities() throws IOException {
        Path guest = Files.createDirectories(temp.resolve("guest"));
        Files.writeString(guest.resolve("dmesg.txt"), """
                [    0.0] DMAR: DRHD base: 0x000000fed91000 flags: 0x0
                [    0.1] DMAR: dmar0: reg_base_addr fed91000 ver 5:0 cap d2008c40660462 ecap f050da
                """);
        Files.copy(LabFiles.capture("vtd1").resolve("tables.elf.gz"), temp.resolve("vmcore"));
        MachineDescription machine = importer.read(temp, null);
        UnitProfile profile = machine.units().get(0).profile();
        assertThat(profile.registerBase()).isEqualTo(0xfed91000L);
        assertThat(profile.registers()).containsEntry(0, 0x50).containsEntry(8, 0x40660462)
                .containsEntry(12, 0xd2008c).containsEntry(16, 0xf050da).containsEntry(20, 0);
        assertThat(machine.remarks()).anyMatch(r -> r.contains("as the kernel's log has them"));
    }

    private static UnitDescription unit(long base, boolean allOthers, int... functions) {
        return new UnitDescription(new UnitProfile("vtd", "x", base, Map.of(), Map.of()), 0,
                allOthers, Arrays.stream(functions).mapToObj(
                        f -> new UnitDescription.Scope(f, 1, 0)).toList());
    }

    private List<UnitDescription> completed(List<String> remarks, UnitDescription... units)
            throws IOException {
        var image = DumpChoice.open(LabFiles.capture("vtd1/tables.elf.gz")).image();
        return new FoundTables("x", List.of(), remarks).complete(List.of(units), image,
                List.of(new AddressRange(0, 1L << 32)), List.of());
    }

    @Test
    void aTableGoesToTheUnitThatServesMostOfItsContexts() throws IOException {
        List<String> remarks = new ArrayList<>();
        List<UnitDescription> units = completed(remarks, unit(0x1000, false, 0x10),
                unit(0x2000, true));
        assertThat(units.get(0).profile().registers()).isEmpty();
        assertThat(units.get(1).profile().registers()).containsEntry(0x1c, 0xc0000000);
        assertThat(remarks).anyMatch(r -> r.startsWith("Root table of the unit at 0x2000"));
    }

    @Test
    void theOnlyUnitGetsItEvenIfItServesNone() throws IOException {
        assertThat(completed(new ArrayList<>(), unit(0x1000, false)).get(0).profile().registers())
                .isNotEmpty();
    }

    @Test
    void amongUnitsThatServeNoneItIsOnlyListed() throws IOException {
        List<String> remarks = new ArrayList<>();
        assertThat(completed(remarks, unit(0x1000, false), unit(0x2000, false)))
                .allMatch(u -> u.profile().registers().isEmpty());
        assertThat(remarks).anyMatch(r -> r.startsWith("Also looks like a root table, not used"));
    }

    @Test
    void linesOfALogThatOnlyLookAlikeArePassedOver() {
        String text = "DMAR: dmar0: reg_base_addr x ver 1:0 cap 1 ecap 2\n"
                + "reg_base_addr\nDMAR: dmar1: reg_base_addr 10 ver 6:1 cap 1f ecap "
                + "ffffffffffffffff \n";
        assertThat(UnitLog.read(TextFile.of("log", text.getBytes(StandardCharsets.UTF_8))))
                .isEqualTo(List.of(new UnitLog(0x10, 0x61, 0x1f, -1)));
    }
}
