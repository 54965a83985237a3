// SPDX-License-Identifier: Apache-2.0
package kdump.importers.acpi;

import iommu.api.machine.FormatException;
import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import kdump.importers.bytes.TextFile;

/**
 * What acpidump prints: tables in hex, each below its signature and address. Source: ACPICA,
 * acpidump, "text output".
 *
 * @param tables those of the wanted signatures, in the order of the listing
 */
record AcpiListing(List<Table> tables) {

    /** Most bytes of a listing: an SSDT or two may have a megabyte, five characters a byte. */
    static final int MAX_BYTES = 32 << 20;

    private static final Pattern HEAD = Pattern.compile("(\\w{4}) @ 0x[0-9A-Fa-f]+\\s*");
    private static final Pattern ROW =
            Pattern.compile("\\s+([0-9A-Fa-f]{1,8}): ((?:[0-9A-Fa-f]{2} ){1,16}) ?.*");

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
                tables.add(new Table(head.group(1), i + 1, rows(text, i + 1)));
            }
        }
        return new AcpiListing(List.copyOf(tables));
    }

    private static byte[] rows(TextFile text, int first) throws FormatException {
        var bytes = new ByteArrayOutputStream();
        for (int i = first; i < text.lines().size(); i++) {
            Matcher row = ROW.matcher(text.lines().get(i) + " ");
            if (!row.matches()) {
                break;
            }
            if (Long.parseLong(row.group(1), 16) != bytes.size()) {
                throw text.wrong(i, "offset", row.group(1),
                        Integer.toHexString(bytes.size()) + ", where the row before ends");
            }
            for (String digits : row.group(2).split(" ")) {
                bytes.write(Integer.parseInt(digits, 16));
            }
        }
        return bytes.toByteArray();
    }
}
