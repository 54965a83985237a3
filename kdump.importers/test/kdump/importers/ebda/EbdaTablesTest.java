// SPDX-License-Identifier: Apache-2.0
package kdump.importers.ebda;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.machine.FirmwareTable;
import iommu.api.sim.RandomStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The area of a server with two chips, whole and cut and of other kinds. */
class EbdaTablesTest {

    private static final String BAILS =
            "Calgary: Unable to locate Rio Grande table in EBDA - bailing!";
    private static final int HEADER = 0x1a4;

    @TempDir
    Path folder;

    /** An area of 1 KiB: a block of another kind, then a table with a node and two devices. */
    private static byte[] area(int version) {
        byte[] area = new byte[1024];
        area[0] = 1;
        put(area, 0x180, 0xa0, 0x01, 0x11, 0x11);
        put(area, 0x1a0, 0, 0, 0x52, 0x47, version, 1, 2);
        int at = HEADER + 3;
        put(area, at, 7, 0, 0, 0xc0, 0xfe);
        at += version == 3 ? 12 : 11;
        put(area, at, 8, 0, 0, 0x30, 0xfe, 2);
        at += version == 3 ? 15 : 13;
        put(area, at, 9, 0, 0, 0x50, 0xfe, 4);
        return area;
    }

    private static void put(byte[] into, int at, int... values) {
        for (int i = 0; i < values.length; i++) {
            into[at + i] = (byte) values[i];
        }
    }

    private List<FirmwareTable> read(String name, byte[] bytes) throws IOException {
        return new EbdaTables().read(Files.write(folder.resolve(name), bytes));
    }

    @ParameterizedTest
    @CsvSource({"2, 3, 9, 11", "3, 3, 10, 13"})
    void aTableIsTakenApart(int version, int head, int scalability, int device)
            throws IOException {
        FirmwareTable table = read("area.bin", area(version)).get(0);
        assertThat(table.signature()).isEqualTo("EBDA");
        assertThat(table.fields()).hasSize(head + scalability - 1 + 2 * (device - 1));
        assertThat(table.fields().get(0)).isEqualTo(
                new FirmwareTable.Field(HEADER, 1, "Version", "0" + version, ""));
        assertThat(table.fields()).filteredOn(f -> f.name().equals("BBAR"))
                .extracting(FirmwareTable.Field::value).containsExactly("FE300000", "FE500000");
        assertThat(table.fields()).filteredOn(f -> f.name().equals("Type"))
                .extracting(FirmwareTable.Field::meaning)
                .containsExactly("", "Compatibility Calgary");
        assertThat(table.findings()).isEmpty();
        assertThat(table.kernelLog()).containsExactly(
                "Calgary: detecting Calgary via BIOS EBDA area");
    }

    @Test
    void anAreaWithoutItIsKnownByItsNameAndLength() throws IOException {
        byte[] area = area(2);
        area[0x1a2] = 0;
        assertThat(read("area.bin", area)).isEmpty();
        assertThat(read("EBDA.bin", area).get(0).kernelLog()).endsWith(BAILS);
        area[0] = 2;
        assertThat(read("ebda", area)).as("not its length").isEmpty();
        assertThat(read("ebda0", new byte[0])).isEmpty();
    }

    @Test
    void whatIsWrongIsTold() throws IOException {
        byte[] other = area(2);
        other[HEADER] = 4;
        FirmwareTable table = read("area", other).get(0);
        assertThat(table.kernelLog()).endsWith("Calgary: Invalid Rio Grande Table Version: 4");
        assertThat(table.findings()).hasToString("[0x1a4: Version: 4, of which nothing is known]");
        byte[] none = area(2);
        none[HEADER + 3 + 11 + 13 + 5] = 2;
        assertThat(read("area", none).get(0).findings()).hasToString(
                "[0x1a4: RIO Devices: no Calgary among them, type 4 or 5]");
        byte[] many = area(2);
        many[HEADER + 2] = (byte) 200;
        assertThat(read("area", many).get(0).findings().get(0).message())
                .startsWith("beyond the area, which has 1024");
    }

    @Test
    void aFolderIsSearchedByNames() throws IOException {
        Files.write(Files.createDirectory(folder.resolve("a")).resolve("ebda.dump"), area(3));
        Files.write(folder.resolve("other"), area(3));
        assertThat(new EbdaTables().read(folder)).extracting(FirmwareTable::source)
                .containsExactly(folder.resolve("a/ebda.dump").toString());
        assertThat(read("large", new byte[(128 << 10) + 1])).isEmpty();
    }

    @Test
    void whateverBytesThereAreTheReaderEnds() throws IOException {
        var random = new RandomStream(7, "ebda");
        for (int i = 0; i < 200; i++) {
            byte[] area = area(2 + i % 2);
            for (int n = random.nextInt(20); n >= 0; n--) {
                area[0x180 + random.nextInt(0x90)] = (byte) random.nextInt(256);
            }
            for (FirmwareTable table : read("ebda", area)) {
                assertThat(table.fields()).allMatch(f -> f.offset() + f.bytes() <= area.length);
            }
        }
    }
}
