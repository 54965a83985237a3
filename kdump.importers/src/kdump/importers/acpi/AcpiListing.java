// SPDX-License-Identifier: Apache-2.0
package kdump.importers.acpi;

import iommu.api.machine.FormatException;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import kdump.importers.bytes.TextFile;

/**
 * Tables in listings: what acpidump prints (hex below a line with signature and address), what xxd
 * and hexdump -C print (hex from offset 0), and what iasl disassembles (fields, and the raw data at
 * the end of most).
 *
 * <p>Source: ACPICA, acpidump "text output", iasl "Raw Table Data"; xxd(1); hexdump(1), "-C".
 *
 * @param tables those of the wanted signatures, in the order of the listing
 */
record AcpiListing(List<Table> tables) {

    /** Most bytes of a listing: an SSDT or two may have a megabyte, five characters a byte. */
    static final int MAX_BYTES = 32 << 20;

    private static final Pattern HEAD = Pattern.compile("(\\w{4}) @ 0x[0-9A-Fa-f]+\\s*");
    private static final Pattern ROW =
            Pattern.compile("\\s*([0-9A-Fa-f]{1,8}): ((?:[0-9A-Fa-f]{2} ){1,16}) ?.*");
    private static final Pattern XXD =
            Pattern.compile("([0-9A-Fa-f]{7,8}): ((?:[0-9A-Fa-f]{2,4} ){1,16}) ?.*");
    private static final Pattern HEXDUMP = Pattern.compile(
            "([0-9A-Fa-f]{7,8})  ((?:[0-9A-Fa-f]{2} ){1,8} ?(?:[0-9A-Fa-f]{2} ){0,8}) *\\|.*");
    /** The last line of hexdump -C; lines like the one before are a star. */
    private static final Pattern END = Pattern.compile("[0-9A-Fa-f]{7,8}\\s*");
    private static final int MOST_BYTES = 1 << 20;
    private static final String RAW = "Raw Table Data";

    /**
     * A table of the listing.
     *
     * @param line where it begins, from 1
     */
    record Table(String signature, int line, byte[] bytes) { }

    static AcpiListing read(TextFile text, List<String> wanted) throws FormatException {
        List<Table> tables = new ArrayList<>();
        for (int i = 0; i < text.lines().size(); i++) {
            Matcher head = HEAD.matcher(text.lines().get(i));
            if (head.matches() && wanted.contains(head.group(1))) {
                tables.add(new Table(head.group(1), i + 1, rows(text, i + 1, ROW)));
            }
        }
        if (tables.isEmpty()) {
            add(hex(text), wanted, tables);
        }
        if (tables.isEmpty()) {
            add(disassembled(text), wanted, tables);
        }
        return new AcpiListing(List.copyOf(tables));
    }

    private static void add(Table found, List<String> wanted, List<Table> tables) {
        if (found != null && wanted.contains(found.signature())) {
            tables.add(found);
        }
    }

    /** Returns the table whose bytes begin with the first row of hex; null if there is none. */
    private static Table hex(TextFile text) throws FormatException {
        for (int i = 0; i < text.lines().size(); i++) {
            String line = text.lines().get(i) + " ";
            for (Pattern form : List.of(XXD, HEXDUMP)) {
                Matcher row = form.matcher(line);
                if (row.matches() && Long.parseLong(row.group(1), 16) == 0) {
                    return table(i + 1, rows(text, i, form));
                }
            }
        }
        return null;
    }

    /** Raw data is taken where iasl printed it; else its fields are put together. */
    private static Table disassembled(TextFile text) throws FormatException {
        for (int i = 0; i < text.lines().size(); i++) {
            if (text.lines().get(i).startsWith(RAW)) {
                int first = i + 1;
                while (first < text.lines().size() && text.lines().get(first).isBlank()) {
                    first++;
                }
                return table(first + 1, rows(text, first, ROW));
            }
        }
        byte[] fields = IaslFields.read(text);
        return fields.length == 0 ? null : table(1, fields);
    }

    private static Table table(int line, byte[] bytes) {
        String signature = bytes.length < 4 ? ""
                : new String(bytes, 0, 4, StandardCharsets.ISO_8859_1);
        return new Table(signature, line, bytes);
    }

    private static byte[] rows(TextFile text, int first, Pattern form) throws FormatException {
        var bytes = new ByteArrayOutputStream();
        byte[] last = {};
        boolean repeated = false;
        for (int i = first; i < text.lines().size(); i++) {
            String line = text.lines().get(i);
            if (line.strip().equals("*") && last.length > 0) {
                repeated = true;
                continue;
            }
            Matcher end = END.matcher(line);
            Matcher row = form.matcher(line + " ");
            boolean isRow = row.matches();
            if (!isRow && !(repeated && end.matches())) {
                break;
            }
            long offset = Long.parseLong(isRow ? row.group(1) : line.strip(), 16);
            while (repeated && bytes.size() < offset && bytes.size() < MOST_BYTES) {
                bytes.writeBytes(last);
            }
            repeated = false;
            if (!isRow) {
                break;
            }
            if (offset != bytes.size()) {
                throw text.wrong(i, "offset", row.group(1),
                        Integer.toHexString(bytes.size()) + ", where the row before ends");
            }
            last = HexFormat.of().parseHex(even(row.group(2).replace(" ", "")));
            bytes.writeBytes(last);
        }
        return bytes.toByteArray();
    }

    private static String even(String digits) {
        return digits.substring(0, digits.length() & ~1);
    }
}
