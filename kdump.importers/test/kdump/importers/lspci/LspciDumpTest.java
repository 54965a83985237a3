// SPDX-License-Identifier: Apache-2.0
package kdump.importers.lspci;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.machine.FormatException;
import iommu.api.pcie.FunctionConfig;
import iommu.api.pcie.RequesterId;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import kdump.importers.LabFiles;
import kdump.importers.Mutations;
import kdump.importers.Refused;
import kdump.importers.bytes.TextFile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class LspciDumpTest {

    private static LspciDump read(String text) throws FormatException {
        return LspciDump.read(TextFile.of("lspci", text.getBytes(StandardCharsets.UTF_8)));
    }

    /** Returns the hex dump of {@code bytes} bytes: each is its offset, modulo 256. */
    private static String hex(int bytes) {
        var text = new StringBuilder();
        for (int at = 0; at < bytes; at += 16) {
            text.append(String.format("%02x:", at));
            for (int i = 0; i < 16; i++) {
                text.append(String.format(" %02x", at + i & 0xff));
            }
            text.append('\n');
        }
        return text.toString();
    }

    private static String function(String slot, int bytes) {
        return slot + " Host bridge: Some Corporation\n\tControl: I/O+ Mem+\n" + hex(bytes) + "\n";
    }

    @ParameterizedTest
    @ValueSource(ints = {64, 256, 4096})
    void aFunctionHasItsConfigBytes(int bytes) throws FormatException {
        List<FunctionConfig> functions = read(function("01:02.3", bytes)).functions();
        assertThat(functions).hasSize(1);
        assertThat(functions.get(0).requesterId()).isEqualTo(RequesterId.parse("01:02.3"));
        assertThat(functions.get(0).config()).hasSize(bytes);
        assertThat(functions.get(0).u8(bytes - 1)).isEqualTo(bytes - 1 & 0xff);
        assertThat(functions.get(0).u16(0x10)).isEqualTo(0x1110);
    }

    @Test
    void functionsAreInTheOrderOfTheirIds() throws FormatException {
        assertThat(read(function("0001:00:00.0", 64) + function("ff:1f.7", 64)
                + function("0000:00:1f.2", 256)).functions())
                .extracting(f -> RequesterId.format(f.requesterId()))
                .containsExactly("0000:00:1f.2", "0000:ff:1f.7", "0001:00:00.0");
    }

    @Test
    void domainZeroMayBeLeftUnsaid() {
        String text = function("00:1f.2", 64) + function("0000:00:1f.2", 64);
        Refused.at(8, "line 8, slot", "0000:00:1f.2", () -> read(text));
    }

    @Test
    void aSegmentThatFitsNoRequesterIdIsLeftOut() throws FormatException {
        LspciDump dump = read(function("10000:00:02.0", 64) + function("00:02.0", 64));
        assertThat(dump.functions()).hasSize(1);
        assertThat(dump.leftOut()).containsExactly("10000:00:02.0");
    }

    @Test
    void aSlotMayStandAlone() throws FormatException {
        assertThat(read("00:02.0\n" + hex(64)).functions()).hasSize(1);
    }

    @Test
    void proseIsPassedOver() throws FormatException {
        assertThat(read("pcilib: Error reading something\n" + function("00:02.0", 64)
                + "\tnote: 00: 00\n").functions()).hasSize(1);
    }

    @Test
    void linesMayEndAsOnWindows() throws FormatException {
        assertThat(read(function("00:02.0", 64).replace("\n", "\r\n")).functions()).hasSize(1);
    }

    @Test
    void aFunctionWithoutConfigBytesIsRefused() {
        Refused.at(2, "line 2, config space of 00:02.0", "0 bytes",
                () -> read("\n00:02.0 VGA\n\tControl: I/O+\n"));
    }

    @ParameterizedTest
    @ValueSource(ints = {16, 48, 128, 272, 4080})
    void aDumpThatBreaksOffIsRefused(int bytes) {
        Refused.at(1, "line 1, config space of 00:02.0", bytes + " bytes",
                () -> read(function("00:02.0", bytes) + function("00:03.0", 64)));
    }

    @Test
    void moreThanTheWholeConfigSpaceIsRefused() {
        Refused.with("line 258, config offset", "fff",
                () -> read("00:02.0\n" + hex(4096) + "fff: 00\n"));
    }

    @Test
    void aMissingLineIsRefused() {
        String text = "00:02.0\n" + hex(64).replaceFirst("10:.*\n", "");
        Refused.at(3, "line 3, config offset", "20", () -> read(text));
    }

    @Test
    void bytesBeforeTheFirstSlotAreRefused() {
        Refused.at(1, "line 1, config bytes", "00: 00", () -> read(hex(64)));
    }

    @ParameterizedTest
    @CsvSource({"'00: 00 11', 2 of them", "'00: ', 1 of them",
        "'00: 0 1 2 3 4 5 6 7 8 9 a b c d e f 10', 17 of them"})
    void aLineWithoutSixteenBytesIsRefused(String line, String found) {
        Refused.at(2, "line 2, config bytes", found, () -> read("00:02.0 x\n" + line + "\n"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"0g", "1", "000", "-1", "+1"})
    void aByteThatIsNotTwoHexDigitsIsRefused(String word) {
        Refused.at(2, "line 2, config byte", word,
                () -> read("00:02.0 x\n" + hex(64).replaceFirst(" 00", " " + word)));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "\n\n", "no such tool\n", "0:2.0 x\n", "00:20.0 x\n",
        "00:02.8 x\n"})
    void aTextWithoutFunctionsIsRefused(String text) {
        Refused.at(1, "line 1, slot", "no function", () -> read(text));
    }

    @Test
    void damagedDumpsAreReadOrRefused() throws IOException {
        String good = function("00:00.0", 64) + function("00:1f.2", 256)
                + function("0001:02:00.1", 64);
        Mutations.survive("lspci", good.getBytes(StandardCharsets.UTF_8),
                bad -> LspciDump.read(TextFile.of("lspci", bad)));
    }

    @Test
    void aRealDumpHasItsBridges() throws IOException {
        Path file = LabFiles.capture("vtd1/guest/lspci-vvv-xxxx.txt");
        LspciDump dump = LspciDump.read(TextFile.read(file, LspciDump.MAX_BYTES));
        assertThat(dump.functions()).hasSize(17);
        assertThat(dump.functions().stream().filter(f -> f.headerType() == 1))
                .extracting(f -> f.u8(0x19)).containsExactly(1, 2, 3, 4, 5, 6);
        assertThat(dump.functions().stream().filter(f -> f.config().length == 4096))
                .extracting(f -> RequesterId.formatShort(f.requesterId())).contains("02:00.0");
    }

    @ParameterizedTest
    @CsvSource({"PCI-X-bridges-and-domains, 31", "cap-exp-lnkcap2, 4", "tree-asus-p6t6, 53",
        "tree-fujitsu-p8010, 22", "cap-vc-and-rcl, 16"})
    void realDumpsOfOtherMachinesHaveAllTheirFunctions(String name, int functions)
            throws IOException {
        Path file = LabFiles.shared("corpora/lspci-pciutils").resolve(name);
        assertThat(LspciDump.read(TextFile.read(file, LspciDump.MAX_BYTES)).functions())
                .hasSize(functions);
    }

    @Test
    void everyDumpOfTheCorpusIsRead() throws IOException {
        for (Path file : LabFiles.filesOf(LabFiles.shared("corpora/lspci-pciutils"))) {
            LspciDump dump = LspciDump.read(TextFile.read(file, LspciDump.MAX_BYTES));
            assertThat(dump.functions()).as(file.toString()).isNotEmpty();
            assertThat(Files.readString(file, StandardCharsets.ISO_8859_1)).contains("00: ");
        }
    }

    private static String lspci(Path dump) throws Exception {
        Process lspci = new ProcessBuilder("lspci", "-F", dump.toString(), "-D", "-n", "-vvv",
                "-xxxx").redirectError(ProcessBuilder.Redirect.DISCARD).start();
        String text = new String(lspci.getInputStream().readAllBytes(),
                StandardCharsets.ISO_8859_1);
        assertThat(lspci.waitFor()).isZero();
        return text;
    }

    @Test
    void everyDumpOfTheCorpusIsWrittenWithoutLoss(@TempDir Path temp) throws Exception {
        boolean installed = Files.isExecutable(Path.of("/usr/bin/lspci"));
        List<Path> files = new ArrayList<>(
                LabFiles.filesOf(LabFiles.shared("corpora/lspci-pciutils")));
        files.add(LabFiles.capture("vtd1/guest/lspci-vvv-xxxx.txt"));
        for (Path file : files) {
            LspciDump dump = LspciDump.read(TextFile.read(file, LspciDump.MAX_BYTES));
            String text = LspciWriter.write(dump.functions());
            assertThat(dump.leftOut()).isEmpty();
            assertThat(text.lines().filter(l -> l.matches("[0-9a-f]{2,3}: .*")).toList())
                    .hasSameElementsAs(Files.readAllLines(file, StandardCharsets.ISO_8859_1)
                            .stream().filter(l -> l.matches("[0-9a-f]{2,3}: ([0-9a-f]{2} ?){16}"))
                            .map(String::strip).toList());
            List<FunctionConfig> again = read(text).functions();
            assertThat(again).usingRecursiveComparison().isEqualTo(dump.functions());
            if (installed) {
                Path ours = Files.writeString(temp.resolve("ours"), text);
                assertThat(lspci(ours)).as(file.toString()).isEqualTo(lspci(file));
            }
        }
    }
}
