// SPDX-License-Identifier: Apache-2.0
package kdump.importers.machinefile;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import iommu.api.machine.FormatException;
import iommu.api.machine.MachineDescription;
import iommu.api.pcie.Capabilities;
import iommu.api.pcie.FunctionConfig;
import iommu.api.pcie.RequesterId;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import kdump.importers.CaptureDirectoryImporter;
import kdump.importers.LabFiles;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Files beside a machine file: lspci, DMAR, IVRS, a dump. */
class NamedFilesTest {

    private static final Path CAPTURES = LabFiles.root().resolve("docs/captures");
    private static final String MEMORY = "memory: [{start: 0x100000, bytes: 1G, kind: ram}]\n";

    @TempDir
    Path folder;

    private MachineDescription read(String text) throws IOException {
        Path file = folder.resolve("m.yaml");
        Files.writeString(file, "name: m\n" + text);
        return new MachineFileImporter().read(file, null);
    }

    private static String guest(String capture, String file) {
        return CAPTURES.resolve(capture).resolve("guest").resolve(file).toString();
    }

    private static String functions(String id) {
        return "functions: [{id: \"" + id + "\", memory: {rw: 4}}]\n";
    }

    @Test
    void functionsOfLspciAndUnitsOfDmar() throws IOException {
        MachineDescription captured =
                new CaptureDirectoryImporter().read(CAPTURES.resolve("vtd1"), null);
        String disk = captured.functions().stream().filter(f -> f.classCode() >>> 8 == 0x0108)
                .map(f -> RequesterId.format(f.requesterId())).findFirst().orElseThrow();
        MachineDescription m = read(MEMORY + "lspci: " + guest("vtd1", "lspci-vvv-xxxx.txt")
                + "\ndmar: " + guest("vtd1", "acpi/DMAR.aml") + "\n" + functions(disk));
        assertThat(m.functions()).hasSameSizeAs(captured.functions());
        assertThat(m.units()).hasSameSizeAs(captured.units());
        assertThat(m.units().get(0).scopes()).isEqualTo(captured.units().get(0).scopes());
        assertThat(m.units().get(0).profile().registers()).as("as they are reset").isEmpty();
        for (FunctionConfig f : m.functions()) {
            int msiX = Capabilities.find(f::read, Capabilities.MSI_X);
            if (f.headerType() == 0) {
                assertThat(f.u16(4) & 4).as("bus master").isZero();
                assertThat(msiX == 0 ? 0 : f.u16(msiX + 2) & 0x8000).as("MSI-X").isZero();
            }
        }
        assertThat(m.remarks()).anyMatch(r -> r.contains("bus masters off"));
    }

    @Test
    void unitsOfIvrs() throws IOException {
        MachineDescription m = read(MEMORY + "ivrs: " + guest("amd1", "acpi/IVRS.aml")
                + "\nfunctions: [{id: \"0000:00:02.0\", class: 0x010802, memory: {rw: 4}}]\n");
        assertThat(m.units()).isNotEmpty()
                .allMatch(u -> u.profile().vendor().equals("amdvi"));
    }

    /** A dump makes a machine that goes on from it: nothing is booted, nothing is left to map. */
    @Test
    void aDumpBesideTheFile() throws IOException {
        Path dump = CAPTURES.resolve("vtd1/tables.elf.gz");
        Files.copy(dump, folder.resolve("tables.elf.gz"));
        MachineDescription m = read(MEMORY + "tables: tables.elf.gz\nassumed: [\"It rains.\"]\n");
        assertThat(m.driverMemory()).isEmpty();
        assertThat(m.image().ranges()).isNotEmpty();
        assertThat(m.remarks()).contains("It rains.")
                .noneMatch(r -> r.contains("its first kernel is booted"));
    }

    @Test
    void whatDoesNotGoTogetherIsRefused() {
        String lspci = "lspci: " + guest("vtd1", "lspci-vvv-xxxx.txt") + "\n";
        assertRefused(MEMORY + "lspci: none.txt\n", "a file that is there");
        assertRefused(MEMORY + lspci + functions("0000:7f:00.0"), "a function of ");
        assertRefused(MEMORY + lspci + "functions: [{id: \"0000:00:00.0\", class: 1}]\n",
                "found class");
        assertRefused(MEMORY + "dmar: " + guest("vtd1", "acpi/DMAR.aml") + "\nivrs: x\n",
                "no ivrs beside dmar");
        assertRefused(MEMORY + "tables: " + CAPTURES.resolve("vtd1/tables.elf.gz") + "\n"
                + "functions: [{id: \"0000:00:02.0\", class: 1, memory: {rw: 4}}]\n",
                "what was captured says what is mapped");
    }

    private void assertRefused(String text, String said) {
        assertThatThrownBy(() -> read(text)).isInstanceOf(FormatException.class)
                .hasMessageContaining(said).message().doesNotContain("\n");
    }
}
