// SPDX-License-Identifier: Apache-2.0
package kdump.importers.acpi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import iommu.api.machine.FirmwareTable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The fields of tables are those that ACPICA's disassembler prints, where it is installed. */
class IaslTest {

    private static final Pattern FIELD = Pattern.compile(
            "\\[([0-9A-F]{3,4})h \\d+ +([1248])\\] +([^:]+) : ([0-9A-F]{2,16})( \\[.*)?");

    @TempDir
    Path temp;

    private record Field(int bytes, long value, String name) {

        /** Older versions of iasl name some fields by what they were before. */
        boolean agrees(Field ours) {
            return ours != null && ours.bytes == bytes && ours.value == value
                    && (ours.name.equalsIgnoreCase(name) || name.startsWith("Reserved")
                            || name.equals("Undefined"));
        }
    }

    private static Map<Integer, Field> ours(Path table) throws IOException {
        Map<Integer, Field> fields = new TreeMap<>();
        for (FirmwareTable.Field field : new AcpiTables().read(table).get(0).fields()) {
            if (field.value().matches("[0-9A-F]+")) {
                fields.put(field.offset(), new Field(field.bytes(),
                        Long.parseUnsignedLong(field.value(), 16), field.name()));
            }
        }
        return fields;
    }

    private Map<Integer, Field> disassembled(Path table) throws Exception {
        Path copy = temp.resolve("table.aml");
        Files.copy(table, copy, java.nio.file.StandardCopyOption.REPLACE_EXISTING);
        Process iasl = new ProcessBuilder("iasl", "-d", copy.toString()).directory(temp.toFile())
                .redirectErrorStream(true).redirectOutput(temp.resolve("log").toFile()).start();
        assertThat(iasl.waitFor()).as(table.toString()).isZero();
        Map<Integer, Field> fields = new TreeMap<>();
        for (String line : Files.readAllLines(temp.resolve("table.dsl"),
                java.nio.charset.StandardCharsets.ISO_8859_1)) {
            Matcher m = FIELD.matcher(line);
            if (m.matches() && m.group(4).length() == 2 * Integer.parseInt(m.group(2))) {
                fields.put(Integer.parseInt(m.group(1), 16), new Field(
                        Integer.parseInt(m.group(2)), Long.parseUnsignedLong(m.group(4), 16),
                        m.group(3)));
            }
        }
        return fields;
    }

    private static boolean isInstalled() throws InterruptedException {
        try {
            return new ProcessBuilder("iasl", "-v").redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD).start().waitFor() == 0;
        } catch (IOException e) {
            return false;
        }
    }

    private static boolean isInUnknownBlock(String kind, byte[] bytes, int offset)
            throws IOException {
        return kind.equals("IVRS") && IvrsTable.parse("t", bytes).blocks().stream()
                .anyMatch(b -> b instanceof IvrsBlock.Other && offset > b.offset()
                        && offset < b.offset() + b.bytes());
    }

    @Test
    void everyNumberThatIaslPrintsIsAField() throws Exception {
        assumeTrue(isInstalled(), "iasl is not installed");
        List<String> wrong = new ArrayList<>();
        int compared = 0;
        for (String kind : List.of("DMAR", "IVRS")) {
            for (Path table : TableCodecTest.tables(kind)) {
                Map<Integer, Field> ours = ours(table);
                byte[] bytes = Files.readAllBytes(table);
                for (var field : disassembled(table).entrySet()) {
                    compared++;
                    // of a block unknown to it iasl prints one field too many
                    if (!isInUnknownBlock(kind, bytes, field.getKey())
                            && !field.getValue().agrees(ours.get(field.getKey()))) {
                        wrong.add(table.getFileName() + " " + Integer.toHexString(field.getKey())
                                + ": " + field.getValue() + ", ours " + ours.get(field.getKey()));
                    }
                }
            }
        }
        assertThat(wrong).isEmpty();
        assertThat(compared).isGreaterThan(10_000);
    }
}
