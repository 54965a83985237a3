// SPDX-License-Identifier: Apache-2.0
package kdump.importers.machinefile;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import iommu.api.machine.DriverMemory;
import iommu.api.machine.FormatException;
import iommu.api.machine.MachineDescription;
import iommu.api.pcie.Capabilities;
import iommu.api.machine.VirtualFunctions;
import iommu.api.pcie.FunctionConfig;
import iommu.api.pcie.RequesterId;
import iommu.api.profile.KernelTimes;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Functions by the tree of buses, and what a file says of runs. */
class MachineTreeTest {

    private static final String TREE = """
            name: tree
            kernel: 6.12.0
            capture-kernel: 6.6.119
            cmdline: quiet
            crashkernel: 256M,high
            times: {like: 0.5, dump: 60s, purgatory: 20.5ms}
            memory: [{start: 0x100000, bytes: 1G, kind: ram}]
            units:
              - {vendor: vtd, base: 0xfed90000, registers: {0x08: 0x40660462, 0x0c: 0xd2008c},
                 functions: ["0000:00:1c.0", "0000:00:1f.0 alone", "0000:00:1d.0 07-09",
                             "0001:20-2f", others]}
            ats: ["0000:03:00.0"]
            functions:
              - id: "0000:00:01.0"
                express: root-port
                behind:
                  - at: "00.0"
                    express: upstream-port
                    behind:
                      - {at: "00.0", express: downstream-port, behind: [
                           {at: "00.0", class: 0x010802, express: endpoint, aer: true, ats: true,
                            options: {wedgesOnAbort: 1}, rate: 250.5, memory: {rw: 4}},
                           {id: "0000:03:00.1", class: 0x010802, express: endpoint, ats: true}]}
                      - {at: "01.0", express: downstream-port, behind: []}
              - {id: "0000:00:1c.0", express: root-port,
                 bridge: {secondary: 0x10, subordinate: 0x12},
                 behind: [{at: "00.0", class: 0x020000}]}
              - {id: "0000:00:1f.0", class: 0x060100}
              - {id: "0001:20:00.0", behind: [{at: "1f.7", class: 0x020000}]}
            """;

    @TempDir
    Path folder;

    private MachineDescription read(String text) throws IOException {
        Path file = folder.resolve("m.yaml");
        Files.writeString(file, text);
        return new MachineFileImporter().read(file, null);
    }

    private static String buses(FunctionConfig f) {
        return RequesterId.format(f.requesterId()) + (f.headerType() == 0 ? ""
                : String.format(" %02x-%02x", f.u8(0x19), f.u8(0x1a)));
    }

    @Test
    void busesFollowFromTheTreeUnlessGiven() throws IOException {
        assertThat(read(TREE).functions().stream().map(MachineTreeTest::buses)).containsExactly(
                "0000:00:01.0 01-04", "0000:00:1c.0 10-12", "0000:00:1f.0",
                "0000:01:00.0 02-04", "0000:02:00.0 03-03", "0000:02:01.0 04-04",
                "0000:03:00.0", "0000:03:00.1", "0000:10:00.0",
                "0001:20:00.0 21-21", "0001:21:1f.7");
    }

    @Test
    void bridgesAreBridgesWithoutSayingSo() throws IOException {
        FunctionConfig port = read(TREE).functions().get(0);
        assertThat(port.classCode()).isEqualTo(0x060400);
        assertThat(port.u16(4) & 4).as("a bridge is a bus master").isEqualTo(4);
    }

    @Test
    void extendedCapabilitiesAreChained() throws IOException {
        Map<String, FunctionConfig> functions = read(TREE).functions().stream().collect(
                Collectors.toMap(f -> RequesterId.formatShort(f.requesterId()), f -> f,
                        (a, b) -> a));
        int ats = Capabilities.ADDRESS_TRANSLATION_SERVICES;
        assertThat(Capabilities.findExtended(functions.get("03:00.0")::read, 1)).isEqualTo(0x100);
        assertThat(Capabilities.findExtended(functions.get("03:00.0")::read, ats))
                .isEqualTo(0x160);
        assertThat(Capabilities.findExtended(functions.get("03:00.1")::read, ats))
                .isEqualTo(0x100);
    }

    @Test
    void scopesNameFunctionsBusesAndTheOthers() throws IOException {
        MachineDescription m = read(TREE);
        var unit = m.units().get(0);
        assertThat(unit.allOthers()).isTrue();
        assertThat(unit.profile().registers()).containsEntry(8, 0x40660462)
                .containsEntry(12, 0xd2008c);
        for (String covered : new String[] {"0000:00:1c.0", "0000:11:00.0", "0000:00:1f.0",
            "0000:00:1d.0", "0000:08:00.0", "0001:20:00.0", "0001:2f:1f.7"}) {
            assertThat(unit.names(RequesterId.parse(covered))).as(covered).isTrue();
        }
        for (String other : new String[] {"0000:00:01.0", "0000:13:00.0", "0001:30:00.0"}) {
            assertThat(unit.names(RequesterId.parse(other))).as(other).isFalse();
        }
        assertThat(m.atsFunctions()).containsExactly(RequesterId.parse("03:00.0"));
    }

    @Test
    void runsHaveWhatTheFileSays() throws IOException {
        MachineDescription m = read(TREE);
        assertThat(m.commandLine()).isEqualTo("quiet crashkernel=256M,high");
        assertThat(m.crashReservation()).isNull();
        var defaults = m.runDefaults();
        assertThat(defaults.captureKernelRelease()).isEqualTo("6.6.119");
        int disk = RequesterId.parse("03:00.0");
        assertThat(defaults.deviceOptions()).isEqualTo(Map.of(disk, Map.of("wedgesOnAbort", 1L)));
        assertThat(defaults.rates()).isEqualTo(Map.of(disk, 250.5));
        assertThat(defaults.times().phases().dump()).isEqualTo(60_000_000_000L);
        assertThat(defaults.times().phases().purgatory()).isEqualTo(20_500_000);
        assertThat(defaults.times().phases().drivers())
                .isEqualTo(KernelTimes.RECORDED.phases().drivers() / 2);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "cmdline: quiet | cmdline: crashkernel=1M | no crashkernel beside",
        "id: \"0000:03:00.1\" | id: \"0000:04:00.1\" | a function on bus 0000:03",
        "id: \"0000:03:00.1\" | id: \"0000:03:00.0\" | each function once",
        "at: \"01.0\" | at: \"00.0\" | each function once",
        "at: \"01.0\" | at: \"20.0\" | device and function, such as 1c.0",
        "secondary: 0x10 | secondary: 2 | a bus above those that are taken",
        "subordinate: 0x12 | subordinate: 0x0f | a number from 16",
        "0001:20-2f | 0001:2f-20 | from the lowest to the highest",
        "0000:00:1f.0 alone | 0000:00:1f.0 only | a function such as",
        "{at: \"1f.7\", class: 0x020000} | {at: \"1f.7\"} | class",
        "id: \"0001:20:00.0\" | id: \"0001:ff:00.0\" | at most 256 buses"})
    void wrongTreesAreRefused(String from, String to, String said) {
        assertThat(TREE).contains(from);
        assertThatThrownBy(() -> read(TREE.replace(from, to)))
                .isInstanceOf(FormatException.class).hasMessageContaining(said);
    }

    private static final String VIRTUAL = """
              - id: "0000:40:00.0"
                class: 0x020000
                express: endpoint
                memory: {rw: 8}
                virtual: {count: 3, offset: 8, stride: 2, memory: {rw: 5}, guest: true, rate: 9}
            """;

    @Test
    void virtualFunctionsStandBehindTheirPhysicalOne() throws IOException {
        MachineDescription m = read(TREE + VIRTUAL);
        for (String id : new String[] {"40:01.0", "40:01.2", "40:01.4"}) {
            int virtual = RequesterId.parse(id);
            FunctionConfig f = m.functions().stream().filter(c -> c.requesterId() == virtual)
                    .findFirst().orElseThrow();
            assertThat(f.u16(0)).isEqualTo(0xffff);
            assertThat(f.classCode()).isEqualTo(0x020000);
            assertThat(m.driverMemory()).contains(new DriverMemory(virtual, 5, 0, 0, 0));
            assertThat(m.runDefaults().guests()).contains(virtual);
            assertThat(m.runDefaults().rates()).containsEntry(virtual, 9.0);
        }
        assertThat(m.runDefaults().guests()).doesNotContain(RequesterId.parse("40:00.0"));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "count: 3 | count: 0 | a number from 1 to 256",
        "stride: 2, memory: {rw: 5} | stride: 2, plugged: at-crash | one of bars, count",
        "express: endpoint | aer: true | memory and express beside it",
        "offset: 8 | offset: 0xffff | virtual functions where nothing else is"})
    void wrongVirtualFunctionsAreRefused(String from, String to, String said) {
        assertThat(VIRTUAL).contains(from);
        assertThatThrownBy(() -> read(TREE + VIRTUAL.replace(from, to)))
                .isInstanceOf(FormatException.class).hasMessageContaining(said);
    }

    private static final String SPACES = """
              - id: "0000:00:02.0"
                express: root-port
                bridge: {secondary: 0x50}
                behind:
                  - at: "00.0"
                    class: 0x020000
                    express: endpoint
                    memory: {rw: 8}
                    virtual: {count: 3, pageSize: 64K, memory: {rw: 5}, bars: [
                      {index: 0, bytes: 64K, address: 0xe0100000},
                      {index: 2, bytes: 1M, address: 0x2000000000, wide: true,
                       prefetchable: true}]}
            """;

    @Test
    void spacesOfVirtualFunctionsAreNamedByThePhysicalOne() throws IOException {
        MachineDescription m = read(TREE + SPACES);
        FunctionConfig f = m.functions().stream().filter(c -> c.requesterId() == 0x5000)
                .findFirst().orElseThrow();
        int at = VirtualFunctions.of(f::read).capability();
        assertThat(f.read(at + 0x20, 4)).as("System Page Size").isEqualTo(0x10);
        assertThat(f.read(at + 0x24, 4)).as("VF BAR0").isEqualTo(0xe010_0000);
        assertThat(f.read(at + 0x2c, 4)).as("VF BAR2").isEqualTo(0xc);
        assertThat(f.read(at + 0x30, 4)).as("VF BAR3").isEqualTo(0x20);
        FunctionConfig port = m.functions().stream().filter(c -> c.requesterId() == 0x10)
                .findFirst().orElseThrow();
        assertThat(List.of(port.u16(0x20), port.u16(0x22))).containsExactly(0xe010, 0xe010);
        assertThat(List.of(port.u16(0x24), port.u16(0x26), port.read(0x28, 4), port.read(0x2c, 4)))
                .as("three spaces of 1 MiB").containsExactly(1, 0x21, 0x20, 0x20);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "pageSize: 64K | pageSize: 16K | 4K, 8K, 64K, 256K, 1M or 4M",
        "bytes: 64K | bytes: 4K | a page or more, 65536 bytes",
        "bytes: 1M | bytes: 3M | a base address register",
        "0xe0100000 | 0xe0108000 | a multiple of the size",
        "0xe0100000 | 0x100000000 | an address below 4 GiB, or wide: true",
        "index: 0, | index: 0, io: true, | one of address"})
    void wrongSpacesOfVirtualFunctionsAreRefused(String from, String to, String said) {
        assertThat(SPACES).contains(from);
        assertThatThrownBy(() -> read(TREE + SPACES.replace(from, to)))
                .isInstanceOf(FormatException.class).hasMessageContaining(said);
    }

    /** Firmware's memory is a function's own: physical and virtual ones are apart. */
    @Test
    void reservedMemoryOfAPhysicalFunctionIsNotThatOfItsVirtualOnes() throws IOException {
        String text = TREE + SPACES
                + "reserved: [{start: 0x80000, bytes: 4K, functions: [\"%s\"]}]";
        int virtual = RequesterId.parse("50:02.0");
        MachineDescription own = read(String.format(text, "0000:50:00.0"));
        assertThat(own.reservedFor(0x5000)).hasSize(1);
        assertThat(own.reservedFor(virtual)).isEmpty();
        MachineDescription behind = read(String.format(text, "0000:00:02.0"));
        assertThat(behind.reservedFor(0x5000)).hasSize(1);
        assertThat(behind.reservedFor(virtual)).hasSize(1);
    }

    /** A config space byte by byte, as an import writes it. */
    @Test
    void wholeConfigSpacesAreTaken() throws IOException {
        String raw = "  - id: \"0000:00:1e.0\"\n    config: {size: 256, 0x00: \"86 80 10 15\","
                + " 0x0a: \"07 01\"}\n";
        FunctionConfig f = read(TREE + raw).functions().stream()
                .filter(c -> c.requesterId() == 0xf0).findFirst().orElseThrow();
        assertThat(f.config()).hasSize(256);
        assertThat(f.u16(2)).isEqualTo(0x1510);
        assertThat(f.classCode() >>> 8).isEqualTo(0x0107);
        for (String wrong : new String[] {"size: 255", "0x00: \"86 8\"", "0xff: \"00 00\"",
            "0x100: \"00\""}) {
            assertThatThrownBy(() -> read(TREE + raw.replace(wrong.startsWith("size")
                    ? "size: 256" : "0x0a: \"07 01\"", wrong)))
                    .as(wrong).isInstanceOf(FormatException.class);
        }
        assertThatThrownBy(() -> read(TREE + raw + "    class: 1\n"))
                .isInstanceOf(FormatException.class).hasMessageContaining("found class");
    }
}
