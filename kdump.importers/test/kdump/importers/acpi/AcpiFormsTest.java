// SPDX-License-Identifier: Apache-2.0
package kdump.importers.acpi;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.machine.FirmwareTable;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.List;
import kdump.importers.Mutations;
import kdump.importers.Refused;
import kdump.importers.bytes.TextFile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The same table in all forms in which people send it, and what a kernel says of it. */
class AcpiFormsTest {

    private static final byte[] TABLE = new DmarBytes().drhd(0, 0, 0xfed90000L)
            .drhd(1, 0, 0xfed91000L).table();

    @TempDir
    Path folder;

    private List<FirmwareTable> read(String name, String text) throws IOException {
        Path file = folder.resolve(name);
        Files.createDirectories(file.getParent());
        Files.writeString(file, text, StandardCharsets.ISO_8859_1);
        return new AcpiTables().read(file);
    }

    private static String rows(String head, String form, String between, int group) {
        StringBuilder text = new StringBuilder(head);
        for (int at = 0; at < TABLE.length; at += 16) {
            StringBuilder bytes = new StringBuilder();
            for (int i = at; i < Math.min(at + 16, TABLE.length); i++) {
                bytes.append(i > at && (i - at) % group == 0 ? between : "")
                        .append(String.format("%02x", TABLE[i]));
            }
            text.append(String.format(form, at, bytes));
        }
        return text.toString();
    }

    private static List<FirmwareTable.Field> expected() throws IOException {
        Path file = Files.createTempFile("DMAR", ".aml");
        try {
            Files.write(file, TABLE);
            return new AcpiTables().read(file).get(0).fields();
        } finally {
            Files.delete(file);
        }
    }

    @Test
    void xxdPrintsPairs() throws IOException {
        assertThat(read("xxd.txt", rows("", "%08x: %s  DMAR....\n", " ", 2)).get(0).fields())
                .isEqualTo(expected());
    }

    @Test
    void hexdumpPrintsBytes() throws IOException {
        assertThat(read("hexdump.txt", rows("", "%08x  %s  |DMAR....|\n", " ", 1)
                + String.format("%08x\n", TABLE.length)).get(0).fields()).isEqualTo(expected());
    }

    @Test
    void aStarStandsForLinesLikeTheOneBefore() throws IOException {
        String text = "00000000  44 4d 41 52 00 00 00 00  00 00 00 00 00 00 00 00  |DMAR|\n"
                + "00000010  00 00 00 00 00 00 00 00  00 00 00 00 00 00 00 00  |....|\n*\n"
                + "00000040\n";
        Path file = folder.resolve("stars.txt");
        Files.writeString(file, text);
        byte[] bytes = AcpiFile.tables(file, List.of("DMAR")).get(0).bytes();
        assertThat(bytes).hasSize(0x40).startsWith('D', 'M', 'A', 'R');
    }

    @Test
    void iaslPrintsRawDataAtTheEnd() throws IOException {
        String head = "/*\n * Disassembly of DMAR\n */\n[000h 0000   4]   Signature : \"DMAR\"\n\n"
                + "Raw Table Data: Length 88 (0x58)\n\n";
        assertThat(read("dmar.dsl", rows(head, "  %04X: %s  // DMAR\n", " ", 1)).get(0).fields())
                .isEqualTo(expected());
    }

    /** Numbers from the right, texts from the left, paths byte by byte. */
    @Test
    void withoutRawDataTheFieldsMakeTheTable() throws IOException {
        String text = """
                [000h 0000   4]                    Signature : "DMAR"    [DMA Remapping table]
                [004h 0004   4]                 Table Length : 00000048
                [008h 0008   1]                     Revision : 01
                [009h 0009   1]                     Checksum : 1D
                [00Ah 0010   6]                       Oem ID : "VENDOR"
                [010h 0016   8]                 Oem Table ID : "MACH"
                [018h 0024   4]                 Oem Revision : 00000001
                [01Ch 0028   4]              Asl Compiler ID : "INTL"
                [020h 0032   4]        Asl Compiler Revision : 20160527

                [024h 0036 001h]          Host Address Width : 2D
                [025h 0037 001h]                       Flags : 01
                [026h 0038 00Ah]                    Reserved : 00 00 00 00 00 00 00 00 00 00

                [030h 0048   2]                Subtable Type : 0000 [Hardware Unit Definition]
                [032h 0050   2]                       Length : 0018
                [034h 0052   1]        Flags (decoded below) : 00
                          Include PCI ALL : 0
                [035h 0053   1]                     Reserved : 00
                [036h 0054   2]           PCI Segment Number : 0000
                [038h 0056   8]        Register Base Address : 00000000FED90000

                [040h 0064   1]            Device Scope Type : 01 [PCI Endpoint Device]
                [041h 0065   1]                 Entry Length : 08
                [042h 0066   2]                     Reserved : 0000
                [044h 0068   1]               Enumeration ID : 00
                [045h 0069   1]               PCI Bus Number : 00
                [046h 0070   2]                     PCI Path : 1F,02
                """;
        Path file = folder.resolve("dmar.dsl");
        Files.writeString(file, text);
        byte[] bytes = AcpiFile.tables(file, List.of("DMAR")).get(0).bytes();
        assertThat(HexFormat.of().formatHex(bytes, 0x10, 0x20)).isEqualTo(
                "4d4143480000000001000000494e544c");
        assertThat(bytes).hasSize(0x48);
        assertThat(HexFormat.of().formatHex(bytes, 0x38, 0x48))
                .isEqualTo("0000d9fe000000000108000000001f02");
        Refused.with("line 3, offset", "0009", () -> read("cut.dsl", text.replace(
                "[008h 0008   1]                     Revision : 01\n", "")));
        Refused.with("line 3, value", "001122", () -> read("wide.dsl", text.replace(
                "Revision : 01", "Revision : 001122")));
    }

    @Test
    void damagedListingsAreReadOrRefused() throws IOException {
        String fields = """
                [000h 0000   4]                    Signature : "DMAR"    [DMA Remapping table]
                [004h 0004   4]                 Table Length : 00000030
                [008h 0008 00Ah]                    Reserved : 00 00 00 00 00 00 00 00 00 00
                [012h 0018   2]                     PCI Path : 1F,02
                """;
        for (String text : List.of(fields, rows("", "%08x: %s  DMAR....\n", " ", 2),
                rows("DMAR @ 0x0\n", "    %04X: %s  DMAR\n", " ", 1))) {
            Mutations.survive("listing", text.getBytes(StandardCharsets.ISO_8859_1),
                    bad -> AcpiListing.read(TextFile.of("listing", bad), List.of("DMAR")));
        }
    }

    @Test
    void kernelsComplainOfUnitsThatAreNotThere() throws IOException {
        byte[] table = new DmarBytes().drhd(0, 0, 0).drhd(1, 0, 0xfed91000L).table();
        Path file = folder.resolve("DMAR");
        Files.write(file, table);
        assertThat(new AcpiTables().read(file).get(0).kernelLog()).startsWith(
                "DMAR: [Firmware Bug]: Your BIOS is broken; DMAR reported at address 0!",
                "DMAR: Host address width 39");
    }
}
