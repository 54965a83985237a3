// SPDX-License-Identifier: Apache-2.0
package kdump.importers.machinefile;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import iommu.api.machine.FormatException;
import iommu.api.machine.MachineDescription;
import iommu.api.pcie.Capabilities;
import iommu.api.pcie.FunctionConfig;
import iommu.api.profile.KernelTimes;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Each number of a machine file at its bounds and one beyond, and every way to write numbers. */
class BoundsTest {

    private static final String MACHINE = """
            name: bounds
            ROOT
            memory:
              - {start: 0x100000, bytes: 1G, kind: ram MEMORY}
            units:
              - {vendor: vtd, base: 0xfed90000, functions: others UNIT}
            functions:
              - {id: "0000:00:01.0", bridge: {secondary: 1 BRIDGE}, express: root-port PORT}
              - {id: "0000:01:00.0", class: 0x010802, memory: {rw: 8 DRIVER}, express: endpoint
                 FUNCTION}
            """;

    @TempDir
    Path folder;

    /** Reads the machine with a text in one of its places. */
    private MachineDescription read(String place, String text) throws IOException {
        String filled = MACHINE.replace(place, text.replace("\\n", "\n"));
        for (String other : new String[] {"ROOT", " MEMORY", " UNIT", " BRIDGE", " PORT", " DRIVER",
            "FUNCTION"}) {
            filled = filled.replace(other, "");
        }
        Path file = folder.resolve("m.yaml");
        Files.writeString(file, filled);
        return new MachineFileImporter().read(file, null);
    }

    private void refused(String place, String text, String said) {
        assertThatThrownBy(() -> read(place, text)).isInstanceOf(FormatException.class)
                .hasMessageContaining(": found " + said).message().doesNotContain("\n");
    }

    private FunctionConfig endpoint(String text) throws IOException {
        return read("FUNCTION", ", " + text).functions().get(1);
    }

    // ---- functions ------------------------------------------------------------------------------

    @ParameterizedTest(name = "{0}")
    @CsvSource({
        "vendor: 0,               0x00, 2, 0", "vendor: 0xffff,          0x00, 2, 0xffff",
        "device: 0,               0x02, 2, 0", "device: 65535,           0x02, 2, 0xffff",
        "revision: 0,             0x08, 1, 0", "revision: 0xff,          0x08, 1, 0xff",
        "subsystem: 0,            0x2c, 4, 0", "subsystem: 0xffffffff,   0x2c, 4, 0xffffffff",
        "pin: 0,                  0x3d, 1, 0", "pin: 4,                  0x3d, 1, 4",
        "pin: 1,                  0x3d, 1, 1", "serr: true,              0x04, 2, 0x102",
        "serr: false,             0x04, 2, 2"})
    void aFieldOfAFunctionIsInItsConfigSpace(String text, String offset, int bytes, String value)
            throws IOException {
        assertThat(endpoint(text).read(Integer.decode(offset), bytes) & 0xffff_ffffL)
                .isEqualTo((long) Long.decode(value));
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(delimiter = '|', value = {
        "vendor: -1            | -1, expected a number from 0 to 65535",
        "vendor: 0x10000       | 0x10000, expected a number from 0 to 65535",
        "device: -1            | -1, expected a number from 0 to 65535",
        "device: 65536         | 65536, expected a number from 0 to 65535",
        "revision: -1          | -1, expected a number from 0 to 255",
        "revision: 256         | 256, expected a number from 0 to 255",
        "subsystem: -1         | -1, expected a number from 0 to 4294967295",
        "subsystem: 0x100000000 | 0x100000000, expected a number from 0 to 4294967295",
        "pin: -1               | -1, expected a number from 0 to 4",
        "pin: 5                | 5, expected a number from 0 to 4",
        "msix: -1              | -1, expected a number from 0 to 2048",
        "msix: 2049            | 2049, expected a number from 0 to 2048",
        "deviceControl: 0x10000 | 0x10000, expected a number from 0 to 65535",
        "link: 0x10000         | 0x10000, expected a number from 0 to 65535",
        "rootControl: 0x10000  | 0x10000, expected a number from 0 to 65535",
        "dpc: 1                | 1, expected a root port or a downstream port around it",
        "acs: 2                | 2, expected a root port or a downstream port around it",
        "rootCapabilities: 2   | 2, expected a number from 0 to 1",
        "serr: yes             | yes, expected true or false",
        "aer: 1                | 1, expected true or false",
        "ats: True             | True, expected true or false",
        "guest: 0              | 0, expected true or false",
        "rate: 0.0009          | 0.0009, expected a number from 0.001 to 1000000.0",
        "rate: 1000001         | 1000001, expected a number from 0.001 to 1000000.0",
        "rate: -5              | -5, expected a number from 0.001 to 1000000.0",
        "rate: NaN             | NaN, expected a number from 0.001 to 1000000.0",
        "rate: fast            | fast, expected a number from 0.001 to 1000000.0",
        "options: {a: x}       | x, expected a number, such as 4096, 0x1000 or 512M",
        "options: 5            | 5, expected members"})
    void aFieldOfAFunctionIsRefused(String text, String said) {
        refused("FUNCTION", ", " + text, said);
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource({"0.001, 0.001", "1, 1", "0.5, 0.5", "1000000, 1e6", "1e3, 1000"})
    void aRateIsAPositiveNumber(String text, double rate) throws IOException {
        assertThat(read("FUNCTION", ", rate: " + text).runDefaults().rates().values())
                .containsExactly(rate);
    }

    @ParameterizedTest
    @CsvSource({"0, 0", "1, 1", "2, 2", "2047, 2047", "2048, 2048"})
    void aTableOfVectorsIsAsLargeAsItSays(int vectors, int found) throws IOException {
        FunctionConfig config = endpoint("msix: " + vectors
                + ", bars: [{index: 0, bytes: 64K, address: 0x50000000}]");
        int at = Capabilities.find(config::read, Capabilities.MSI_X);
        assertThat(at == 0).isEqualTo(vectors == 0);
        if (at != 0) {
            assertThat(config.u16(at + 2) + 1).isEqualTo(found);
        }
    }

    @ParameterizedTest(name = "class {0}")
    @CsvSource({"0, 0", "0xffffff, 0xffffff", "0x010802, 0x010802"})
    void aClassHasThreeBytes(String text, String found) throws IOException {
        MachineDescription m = read("PORT}", "}\\n  - {id: \"0000:00:02.0\", class: " + text + "}");
        assertThat(m.functions().get(1).classCode()).isEqualTo(Integer.decode(found));
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(delimiter = '|', value = {
        "class: -1        | -1, expected a number from 0 to 16777215",
        "class: 0x1000000 | 0x1000000, expected a number from 0 to 16777215",
        "revision: 1      | no class, expected class"})
    void aClassIsRefused(String text, String said) {
        refused("PORT}", "}\\n  - {id: \"0000:00:02.0\", " + text + "}", said);
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(delimiter = '|', value = {
        "index: -1, bytes: 4K, address: 0 | -1, expected a number from 0 to 5",
        "index: 6, bytes: 4K, address: 0  | 6, expected a number from 0 to 5",
        "index: 0, bytes: 3, address: 0   | 3, expected a number from 4 to 9223372036854775807",
        "index: 0, bytes: 4K, address: -1 | -1, expected a number from 0 to 9223372036854775807",
        "index: 0, bytes: 4K, address: 0x800 | 0x800, expected a multiple of the size",
        "index: 0, bytes: 4K              | no address, expected address",
        "index: 0, address: 0             | no bytes, expected bytes",
        "bytes: 4K, address: 0            | no index, expected index",
        "index: 0, bytes: 4K, address: 0, size: 1 | size, expected one of address, bytes, index,"
            + " io, prefetchable, wide",
        "index: 5, bytes: 4K, address: 0, wide: true | members, expected a base address register:"
            + " BAR 5 is wide",
        "index: 0, bytes: 5K, address: 0  | members, expected a base address register:"
            + " BAR 0 has 5120 bytes"})
    void aBaseAddressIsRefused(String bar, String said) {
        refused("FUNCTION", ", bars: [{" + bar + "}]", said.split(" BAR ")[0]);
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource({
        "'index: 0, bytes: 16, address: 0x50000000',                       0x10, 0x50000000",
        "'index: 5, bytes: 4K, address: 0x50001000',                       0x24, 0x50001000",
        "'index: 1, bytes: 4K, address: 0x50001000, prefetchable: true',   0x14, 0x50001008",
        "'index: 2, bytes: 32, address: 0xe040, io: true',                 0x18, 0xe041",
        "'index: 0, bytes: 1M, address: 0x1234500000, wide: true',         0x10, 0x34500004",
        "'index: 0, bytes: 1M, address: 0x1234500000, wide: true',         0x14, 0x12"})
    void aBaseAddressIsInItsRegister(String bar, String register, String value)
            throws IOException {
        assertThat(endpoint("bars: [{" + bar + "}]").read(Integer.decode(register), 4))
                .isEqualTo(Integer.decode(value));
    }

    // ---- what drivers map -----------------------------------------------------------------------

    @ParameterizedTest(name = "[{0}]")
    @CsvSource({"'', 8, 0, 0, 0", "'ro: 4096', 8, 4096, 0, 0", "'wo: 4096', 8, 0, 4096, 0",
        "'ro: 1, wo: 2, registered: 2M', 8, 1, 2, 2097152",
        "'registered: 3G', 8, 0, 0, 3221225472", "'registered: 0', 8, 0, 0, 0"})
    void driversMapWhatIsSaid(String text, int both, int read, int write, long registered)
            throws IOException {
        var memory = read("DRIVER", text.isEmpty() ? "" : ", " + text).driverMemory().get(0);
        assertThat(memory.readWrite()).isEqualTo(both);
        assertThat(memory.readOnly()).isEqualTo(read);
        assertThat(memory.writeOnly()).isEqualTo(write);
        assertThat(memory.registeredBytes()).isEqualTo(registered);
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(delimiter = '|', value = {
        "ro: -1   | -1, expected a number from 0 to 4096",
        "ro: 4097 | 4097, expected a number from 0 to 4096",
        "wo: -1   | -1, expected a number from 0 to 4096",
        "wo: 4097 | 4097, expected a number from 0 to 4096",
        "registered: -2M | -2M, expected a number from 0 to 3221225472",
        "registered: 3074M | 3074M, expected a number from 0 to 3221225472",
        "registered: 1M | 1M, expected a multiple of 2M",
        "registered: 4097K | 4097K, expected a multiple of 2M",
        "rx: 1    | rx, expected one of registered, ro, rw, seen, wo"})
    void whatDriversMapIsRefused(String text, String said) {
        refused("DRIVER", ", " + text, said);
    }

    // ---- bridges --------------------------------------------------------------------------------

    @ParameterizedTest(name = "[{0}]")
    @CsvSource({"'', 1", "'subordinate: 1', 1", "'subordinate: 0x10', 16",
        "'subordinate: 255', 255"})
    void aBridgeHasBusesBehindIt(String text, int subordinate) throws IOException {
        FunctionConfig bridge =
                read("BRIDGE", text.isEmpty() ? "" : ", " + text).functions().get(0);
        assertThat(bridge.u8(0x19)).isEqualTo(1);
        assertThat(bridge.u8(0x1a)).isEqualTo(subordinate);
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(delimiter = '|', value = {
        "subordinate: 0   | 0, expected a number from 1 to 255",
        "subordinate: 256 | 256, expected a number from 1 to 255",
        "primary: 0       | primary, expected one of secondary, subordinate"})
    void aBridgeIsRefused(String text, String said) {
        refused("BRIDGE", ", " + text, said);
    }

    // ---- units ----------------------------------------------------------------------------------

    @ParameterizedTest(name = "{0}")
    @CsvSource(delimiter = '|', value = {
        "segment: -1       | -1, expected a number from 0 to 65535",
        "segment: 65536    | 65536, expected a number from 0 to 65535",
        "registers: {-4: 0} | -4, expected a number from 0 to 1048572",
        "registers: {0x100000: 0} | 0x100000, expected a number from 0 to 1048572",
        "registers: {6: 0} | 6, expected a multiple of 4",
        "registers: {8: -1} | -1, expected a number from 0 to 4294967295",
        "registers: {8: 0x100000000} | 0x100000000, expected a number from 0 to 4294967295",
        "registers: 8      | 8, expected members",
        "settings: [1]     | a list, expected members",
        "settings: {a: b}  | b, expected a number, such as 4096, 0x1000 or 512M",
        "firmware: true    | true, expected members",
        "firmware: {interruptRemapping: 1} | 1, expected true or false",
        "profile: [spec]   | a list, expected a text",
        "name: unit        | name, expected one of base, firmware, functions, profile, registers,"
            + " segment, settings, vendor"})
    void aUnitIsRefused(String text, String said) {
        refused("UNIT", ", " + text, said);
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource({"'registers: {0: 0}', 0, 0", "'registers: {0xffffc: 5}', 1048572, 5",
        "'registers: {8: 0xffffffff}', 8, -1", "'registers: {0x10: 4096}', 16, 4096"})
    void registersAreWordsByOffset(String text, int offset, int value) throws IOException {
        assertThat(read("UNIT", ", " + text).units().get(0).profile().registers())
                .containsExactly(java.util.Map.entry(offset, value));
    }

    @ParameterizedTest(name = "base {0}")
    @CsvSource(delimiter = '|', value = {
        "0      | 0, expected a number from 4096 to",
        "0xfff  | 0xfff, expected a number from 4096 to",
        "0x1800 | 0x1800, expected a multiple of 4096",
        "0x100000 | members, expected",
        "-4096  | -4096, expected a number from 4096 to"})
    void aBaseOfAUnitIsRefused(String base, String said) {
        assertThatThrownBy(() -> read("base: 0xfed90000", "base: " + base))
                .isInstanceOf(FormatException.class)
                .hasMessageContaining(base.equals("0x100000") ? "no RAM at 0x100000" : said);
    }

    // ---- numbers and times ----------------------------------------------------------------------

    @ParameterizedTest(name = "{0}")
    @CsvSource({"0, 0", "-1, -1", "007, 7", "+5, 5", "1K, 1024", "3M, 3145728", "2G, 2147483648",
        "1T, 1099511627776", "-2K, -2048", "0x0, 0", "0xff, 255", "0xFF, 255",
        "0xffffffffffffffff, -1", "0x7fffffffffffffff, 9223372036854775807",
        "9223372036854775807, 9223372036854775807", "-9223372036854775808, -9223372036854775808",
        "8388607T, 9223370937343148032", "-8388608T, -9223372036854775808"})
    void aNumberIsDecimalHexadecimalOrASize(String text, long value) throws IOException {
        assertThat(read("UNIT", ", settings: {x: " + text + "}").units().get(0).profile()
                .setting("x", 77)).isEqualTo(value);
    }

    @ParameterizedTest(name = "[{0}]")
    @CsvSource({"9223372036854775808", "-9223372036854775809", "8388608T", "0x10000000000000000",
        "0x", "0x-1", "1.5", "1e3", "K", "1k", "1KB", "1P", "1 K", "ff", "''", "one", "0b1",
        "1_000"})
    void anythingElseIsNone(String text) {
        refused("UNIT", ", settings: {x: '" + text + "'}",
                text + ", expected a number, such as 4096, 0x1000 or 512M");
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource({"0ns, 0", "1ns, 1", "5us, 5000", "20ms, 20000000", "1.25s, 1250000000",
        "0.5us, 500", "1.5ns, 2", "0.000000001s, 1"})
    void aTimeHasAUnit(String text, long nanos) throws IOException {
        KernelTimes times = read("ROOT", "times: {purgatory: " + text + "}").runDefaults().times();
        assertThat(times.phases().purgatory()).isEqualTo(nanos);
    }

    @ParameterizedTest(name = "[{0}]")
    @CsvSource({"5", "5 s", "-5s", "5m", "5min", ".5s", "5.s", "1000000000s", "5S", "s", "''"})
    void anythingElseIsNoTime(String text) {
        refused("ROOT", "times: {purgatory: '" + text + "'}",
                text + ", expected a time, such as 14.8s, 20ms, 5us or 100ns");
    }

    // ---- memory ---------------------------------------------------------------------------------

    @ParameterizedTest(name = "{0}")
    @CsvSource(delimiter = '|', value = {
        "{start: -1, bytes: 4K, kind: ram}     | -1, expected a number from 0 to",
        "{start: 0x80000000, bytes: 0, kind: ram} | 0, expected a number from 1 to",
        "{start: 0x80000000, bytes: -1, kind: ram} | -1, expected a number from 1 to",
        "{start: 0x80000000, kind: ram}        | no bytes, expected bytes",
        "{bytes: 4K, kind: ram}                | no start, expected start",
        "{start: 0x80000000, bytes: 4K}        | no kind, expected kind",
        "{start: 0x80000000, bytes: 4K, kind: RAM} | RAM, expected ram, reserved, rom or mmio",
        "{start: 0x80000000, bytes: 4K, kind: ram, end: 5} | end, expected one of bytes, kind,"
            + " label, start",
        "{start: 0x400ff000, bytes: 4K, kind: rom} | a list, expected ranges apart",
        "ram                                   | ram, expected members"})
    void aRangeOfMemoryIsRefused(String range, String said) {
        refused("MEMORY}", "}\\n  - " + range, said);
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource({"'{start: 0x40100000, bytes: 4K, kind: ram}', System RAM",
        "'{start: 0x40100000, bytes: 4K, kind: reserved}', Reserved",
        "'{start: 0x40100000, bytes: 1, kind: rom}', System ROM",
        "'{start: 0xff000, bytes: 4K, kind: mmio}', ''",
        "'{start: 0x40100000, bytes: 4K, kind: ram, label: Persistent}', Persistent"})
    void aRangeOfMemoryIsTaken(String range, String label) throws IOException {
        assertThat(read("MEMORY}", "}\\n  - " + range).memoryMap().regions())
                .hasSize(2).anyMatch(r -> r.label().equals(label)
                        && r.range().start() != 0x100000);
    }
}
