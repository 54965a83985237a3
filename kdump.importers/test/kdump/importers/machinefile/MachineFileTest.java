// SPDX-License-Identifier: Apache-2.0
package kdump.importers.machinefile;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import iommu.api.machine.DriverMemory;
import iommu.api.machine.FormatException;
import iommu.api.machine.MachineDescription;
import iommu.api.machine.MachineWriter.Form;
import iommu.api.machine.UnitDescription.FirmwareFlags;
import iommu.api.memory.AddressRange;
import iommu.api.memory.MemoryKind;
import iommu.api.pcie.Capabilities;
import iommu.api.pcie.FunctionConfig;
import iommu.api.pcie.RequesterId;
import iommu.api.unit.IoApic;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What a machine file says, and how a wrong one is refused. */
class MachineFileTest {

    private static final String SMALL = """
            name: small
            kernel: 6.1.0
            memory:
              - {start: 0x100000, bytes: 1G, kind: ram}
              - {start: 0x40100000, bytes: 64K, kind: reserved}
            crashkernel: {start: 0x20000000, bytes: 64M}
            units:
              - {vendor: vtd, base: 0xfed90000, functions: others, settings: {iotlbEntries: 64}}
              - {vendor: vtd, base: 0xfed91000, functions: ["0000:00:01.0", "0000:00:02.0"]}
            reserved:
              - {start: 0x40100000, bytes: 4K, functions: ["0000:00:02.0"]}
            functions:
              - {id: "0000:00:01.0", class: 0x060400, bridge: {secondary: 1}, express: root-port,
                 aer: true, rootControl: 7}
              - {id: "0000:00:02.0", class: 0x0c0320, serr: true}
              - id: "0000:01:00.0"
                vendor: 0x1234
                device: 0x5678
                class: 0x010802
                express: endpoint
                bars: [{index: 0, bytes: 16K, address: 0x50000000, wide: true}]
                msix: 5
                memory: {rw: 8, wo: 3, registered: 4M}
            """;

    @TempDir
    Path folder;

    private MachineDescription read(String text) throws IOException {
        Path file = folder.resolve("m.yaml");
        Files.writeString(file, text, StandardCharsets.UTF_8);
        var importer = new MachineFileImporter();
        assertThat(importer.accepts(file)).isTrue();
        return importer.read(file, null);
    }

    private static FunctionConfig in(MachineDescription machine, String id) {
        int requester = RequesterId.parse(id);
        return machine.functions().stream().filter(f -> f.requesterId() == requester)
                .findFirst().orElseThrow();
    }

    @Test
    void functionsThatComeLateAndThoseOfAGuest() throws IOException {
        MachineDescription m = read(SMALL.replace("serr: true", "serr: true, plugged: at-crash")
                .replace("msix: 5", "msix: 5\n    guest: true"));
        assertThat(m.runDefaults().pluggedAtCrash())
                .containsExactly(RequesterId.parse("00:02.0"));
        assertThat(m.runDefaults().guests()).containsExactly(RequesterId.parse("01:00.0"));
        assertThat(read(SMALL).runDefaults().pluggedAtCrash()).isEmpty();
        assertThat(read(SMALL.replace("msix: 5", "guest: false")).runDefaults().guests())
                .isEmpty();

        Path file = folder.resolve("again.yaml");
        Files.writeString(file, new MachineFileWriter().write(m, null, Form.YAML));
        assertThat(new MachineFileImporter().read(file, null).runDefaults())
                .isEqualTo(m.runDefaults());
    }

    @Test
    void whatFirmwareSaysBesideItsUnits() throws IOException {
        String firmware = "firmware: {interruptRemapping: false, x2apicOptOut: true,"
                + " refusal: \"Your BIOS is broken\"}";
        MachineDescription m = read(SMALL.replace("settings: {iotlbEntries: 64}", firmware));
        assertThat(m.units().get(0).firmware())
                .isEqualTo(new FirmwareFlags(false, true, "Your BIOS is broken"));
        assertThat(m.units().get(1).firmware()).isEqualTo(FirmwareFlags.USUAL);
        assertThat(read(SMALL.replace("settings: {iotlbEntries: 64}",
                "firmware: {x2apicOptOut: true}")).units().get(0).firmware())
                .isEqualTo(new FirmwareFlags(true, true, ""));

        Path file = folder.resolve("again.yaml");
        Files.writeString(file, new MachineFileWriter().write(m, null, Form.YAML));
        assertThat(new MachineFileImporter().read(file, null).units()).isEqualTo(m.units());
    }

    @Test
    void ioApicsAreWrittenAsTheyAreRead() throws IOException {
        MachineDescription m = read(SMALL + "ioapics:\n  - {source: \"0000:f0:1f.7\", unit: 0}\n"
                + "  - {id: 9, base: 0xfec40000, inputs: 8, source: \"0000:80:05.4\", lint0: false}"
                + "\n");
        assertThat(m.ioApics()).containsExactly(
                new IoApic(0, 0xfec0_0000L, 0, 24, 0xf0ff, 0, true),
                new IoApic(9, 0xfec4_0000L, 24, 8, 0x802c, -1, false));
        assertThat(m.unitOf(0xf0ff)).isZero();
        assertThat(m.unitOf(0x802c)).isEqualTo(-1);
        assertThat(m.ioApicOf(31).id()).isEqualTo(9);
        assertThat(m.ioApicOf(32)).isNull();

        Path file = folder.resolve("again.yaml");
        Files.writeString(file, new MachineFileWriter().write(m, null, Form.YAML));
        assertThat(new MachineFileImporter().read(file, null).ioApics()).isEqualTo(m.ioApics());
        assertThat(read(SMALL).ioApics()).isEmpty();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "{unit: 0}                                          | no source",
        "{source: \"14.0\"}                                 | found 14.0",
        "{source: \"0000:00:14.0\", unit: 2}                | from 0 to 1",
        "{source: \"0000:00:14.0\", inputs: 0}              | from 1 to 120",
        "{source: \"0000:00:14.0\"}, {source: \"0000:00:14.1\", firstInput: 3} | apart"})
    void anIoApicThatCannotBeIsRefused(String entries, String words) {
        assertThatThrownBy(() -> read(SMALL + "ioapics: [" + entries + "]\n"))
                .isInstanceOf(FormatException.class).hasMessageContaining(words);
    }

    @Test
    void memoryReservationAndNames() throws IOException {
        MachineDescription m = read(SMALL);
        assertThat(m.name()).isEqualTo("small");
        assertThat(m.kernelRelease()).isEqualTo("6.1.0");
        assertThat(m.memoryMap().kindAt(0x3fff_ffffL)).isEqualTo(MemoryKind.SYSTEM_RAM);
        assertThat(m.memoryMap().kindAt(0x4010_0000L)).isEqualTo(MemoryKind.FIRMWARE_RAM);
        assertThat(m.crashReservation()).isEqualTo(AddressRange.of(0x2000_0000L, 64L << 20));
        assertThat(m.image().ranges()).isEmpty();
        assertThat(m.driverMemory()).containsExactly(
                new DriverMemory(RequesterId.parse("01:00.0"), 8, 0, 3, 4L << 20));
    }

    @Test
    void unitsServeWhatLiesBehindTheirBridgesAndOneAllOthers() throws IOException {
        MachineDescription m = read(SMALL);
        assertThat(m.unitOf(RequesterId.parse("01:00.0"))).isEqualTo(1);
        assertThat(m.unitOf(RequesterId.parse("00:02.0"))).isEqualTo(1);
        assertThat(m.unitOf(RequesterId.parse("00:1f.0"))).isZero();
        assertThat(m.units().get(0).profile().setting("iotlbEntries", 0)).isEqualTo(64);
        assertThat(m.reservedFor(RequesterId.parse("00:02.0")))
                .containsExactly(AddressRange.of(0x4010_0000L, 4096));
        assertThat(m.reservedFor(RequesterId.parse("01:00.0"))).isEmpty();
    }

    @Test
    void functionsHaveTheCapabilitiesThatTheirLinesSay() throws IOException {
        MachineDescription m = read(SMALL);
        FunctionConfig port = in(m, "00:01.0");
        assertThat(port.headerType()).isEqualTo(1);
        assertThat(port.u8(0x19)).isEqualTo(1);
        int express = Capabilities.find(port::read, Capabilities.EXPRESS);
        assertThat(port.u16(express + 2) >>> 4 & 15).as("root port").isEqualTo(4);
        assertThat(port.u16(express + 0x1c)).isEqualTo(7);
        assertThat(Capabilities.findExtended(port::read, 1)).isEqualTo(0x100);
        FunctionConfig disk = in(m, "01:00.0");
        assertThat(disk.u16(0)).isEqualTo(0x1234);
        assertThat(disk.classCode()).isEqualTo(0x010802);
        assertThat(disk.read(0x10, 4)).isEqualTo(0x5000_0004);
        int table = Capabilities.find(disk::read, Capabilities.MSI_X);
        assertThat(disk.u16(table + 2)).isEqualTo(4);
        assertThat(in(m, "00:02.0").u16(4) & 0x100).as("SERR#").isEqualTo(0x100);
    }

    /** A wrong line is refused with its number, its name and what stands there. */
    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "kernel: 6.1.0 | kernal: 6.1.0 | kernal",
        "name: small | nome: small | nome",
        "kind: ram | kind: flash | flash",
        "bytes: 1G | bytes: 1X | a number",
        "bytes: 1G | bytes: 0 | a number from 1 to",
        "bytes: 64M | bytes: 1000 | whole pages",
        "bytes: 64M | bytes: 4G | a place within one range of ram",
        "base: 0xfed91000 | base: 0xfed90000 | units apart",
        "base: 0xfed91000 | base: 0x200000 | no RAM at 0x200000",
        "base: 0xfed91000 | base: 0xfed91004 | a multiple of 4096",
        "functions: [\"0000:00:01.0\", \"0000:00:02.0\"] | functions: others | once",
        "settings: {iotlbEntries: 64} | registers: {2: 5} | a multiple of 4",
        "settings: {iotlbEntries: 64} | settings: 64 | members",
        "kernel: 6.1.0 | kernel: six | a kernel version",
        "kernel: 6.1.0 | capture-kernel: six | a kernel version",
        "kernel: 6.1.0 | times: soon | server or a factor",
        "kernel: 6.1.0 | times: {dump: 1ms} | expected after drivers",
        "kernel: 6.1.0 | times: {dump: 1 hour} | a time, such as 14.8s",
        "kernel: 6.1.0 | times: {lunch: 1s} | dmaRemapping",
        "kernel: 6.1.0 | dmar: DMAR.aml | no units beside dmar",
        "kernel: 6.1.0 | ats: [\"0000:0f:00.0\"] | a function that is there",
        "class: 0x010802 | class: 0x010802\\n    options: [1] | members",
        "class: 0x010802 | class: 0x010802\\n    rate: 0 | a number from 0.001",
        "memory: {rw: 8 | plugged: later\\n    memory: {rw: 8 | at-crash",
        "memory: {rw: 8 | plugged: at-crash\\n    memory: {rw: 8 | no memory beside plugged",
        "aer: true, | plugged: at-crash, aer: true, | an endpoint",
        "serr: true | serr: true, guest: true | memory beside it",
        "settings: {iotlbEntries: 64} | firmware: {x2apic: true} | x2apicOptOut",
        "class: 0x010802 | class: 0x010802\\n    at: 00.0 | no at beside id",
        "start: 0x40100000, bytes: 64K | start: 0x200000, bytes: 64K | ranges apart",
        "\"0000:00:02.0\", class: 0x0c0320 | \"0000:00:01.0\", class: 0x0c0320 | once",
        "\"0000:00:02.0\", class: 0x0c0320 | \"here\", class: 0x0c0320 | a function",
        "express: endpoint | express: plug | integrated",
        "secondary: 1 | secondary: 0 | from 1 to 255",
        "address: 0x50000000 | address: 0x50001000 | a multiple of the size",
        "bytes: 16K, | bytes: 12K, | a base address register",
        "registered: 4M | registered: 3M | a multiple of 2M",
        "rw: 8 | rw: 8000 | from 0 to 4096",
        "aer: true | aer: perhaps | true or false",
        "memory: {rw: 8, wo: 3, registered: 4M} | revision: 1 | what its driver maps",
        "name: small | name: [small] | a text",
        "functions: others | functions: &a others | -",
        "kernel: 6.1.0 | kernel: [ | YAML",
        "kernel: 6.1.0 | kernel: 6.1.0\\nname: again | wice"})
    void wrongLinesAreRefused(String from, String to, String said) throws IOException {
        String text = SMALL.replace(from, to.replace("\\n", "\n"));
        assertThat(text).isNotEqualTo(SMALL);
        if (said.equals("-")) {
            assertThat(read(text).units()).hasSize(2);
            return;
        }
        assertThatThrownBy(() -> read(text)).isInstanceOf(FormatException.class)
                .hasMessageContaining(said).hasMessageContaining("m.yaml")
                .message().doesNotContain("\n");
    }

    /** Line, column, and the whole path to what is wrong. */
    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "express: endpoint | exprass: endpoint | line 20, column 5, functions[2].exprass: found"
            + " exprass, expected one of",
        "kind: reserved | kind: rosorved | line 5, column 43, memory[1].kind: found rosorved,"
            + " expected ram, reserved, rom or mmio",
        "index: 0 | index: 9 | line 21, column 20, functions[2].bars[0].index: found 9"})
    void placesAreTold(String from, String to, String said) {
        assertThatThrownBy(() -> read(SMALL.replace(from, to)))
                .isInstanceOf(FormatException.class).hasMessageContaining(said);
    }

    @Test
    void aliasesAndDepthAreRefused() {
        assertThatThrownBy(() -> read(SMALL.replace("name: small", "name: &n small\nabout: *n")))
                .isInstanceOf(FormatException.class).hasMessageContaining("an alias");
        assertThatThrownBy(() -> read("name: " + "[".repeat(60) + "]".repeat(60)))
                .isInstanceOf(FormatException.class).hasMessageContaining("a plain value");
    }

    @Test
    void nothingAndTooMuchAreRefused() {
        assertThatThrownBy(() -> read("")).isInstanceOf(FormatException.class)
                .hasMessageContaining("a machine");
        assertThatThrownBy(() -> read("#".repeat(33 << 20))).isInstanceOf(FormatException.class)
                .hasMessageContaining("at most");
        assertThatThrownBy(() -> read(SMALL + "---\nname: two\n"))
                .isInstanceOf(FormatException.class).hasMessageContaining("one machine");
    }

    @Test
    void onlyYamlIsTaken() throws IOException {
        Path other = Files.createFile(folder.resolve("vmcore"));
        assertThat(new MachineFileImporter().accepts(other)).isFalse();
        assertThat(new MachineFileImporter().accepts(folder.resolve("none.yaml"))).isFalse();
    }
}
