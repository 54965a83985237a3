// SPDX-License-Identifier: Apache-2.0
package kdump.importers.acpi;

import iommu.api.machine.FormatException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import kdump.importers.bytes.TextFile;

/**
 * The fields of a table as iasl disassembles it: {@code [024h 0036   1] Host Address Width : 26}.
 * Numbers are hex without prefix, bytes of a path or a buffer are apart, texts are in quotes. Lines
 * without offset decode the field above.
 *
 * <p>Source: ACPICA, iasl, "disassembler output of data tables".
 */
final class IaslFields {

    private static final Pattern FIELD = Pattern.compile("\\[[0-9A-Fa-f]{1,8}h (\\d{1,8})"
            + " +(\\d{1,6}|[0-9A-Fa-f]{1,6}h)\\] +[^:]{1,100} : (.*)");
    private static final Pattern TEXT = Pattern.compile("\"([^\"]*)\".*");
    private static final Pattern BYTES =
            Pattern.compile("[0-9A-Fa-f]{2}(?:[, ][0-9A-Fa-f]{2})+(?:\\s.*|\\[.*)?");
    private static final Pattern NUMBER = Pattern.compile("([0-9A-Fa-f]+)(?:\\s.*|\\[.*)?");
    private static final int MOST_BYTES = 1 << 20;

    private IaslFields() { }

    /** Returns the bytes; none if the text has no such fields. */
    static byte[] read(TextFile text) throws FormatException {
        byte[] table = new byte[0];
        for (int i = 0; i < text.lines().size(); i++) {
            Matcher m = FIELD.matcher(text.lines().get(i));
            if (!m.matches()) {
                continue;
            }
            int offset = Integer.parseInt(m.group(1));
            String count = m.group(2);
            int bytes = count.endsWith("h")
                    ? Integer.parseInt(count.substring(0, count.length() - 1), 16)
                    : Integer.parseInt(count);
            if (offset != table.length || offset + bytes > MOST_BYTES) {
                throw text.wrong(i, "offset", m.group(1),
                        table.length + ", where the field before ends, and no more than 1 MiB");
            }
            byte[] value = value(m.group(3).strip(), bytes);
            if (value == null) {
                throw text.wrong(i, "value", m.group(3),
                        bytes + " bytes as a number, bytes in hex or a text");
            }
            table = Arrays.copyOf(table, offset + bytes);
            System.arraycopy(value, 0, table, offset, bytes);
        }
        return table;
    }

    /** Returns null if {@code text} is no value of that many bytes. */
    private static byte[] value(String text, int bytes) {
        Matcher quoted = TEXT.matcher(text);
        if (quoted.matches()) {
            byte[] letters = quoted.group(1).getBytes(StandardCharsets.ISO_8859_1);
            return letters.length > bytes ? null : Arrays.copyOf(letters, bytes);
        }
        byte[] value = new byte[bytes];
        if (bytes > 1 && BYTES.matcher(text).matches()) {
            for (int i = 0; i < bytes; i++) {
                if (3 * i + 2 > text.length()
                        || !text.substring(3 * i, 3 * i + 2).matches("[0-9A-Fa-f]{2}")) {
                    return null;
                }
                value[i] = (byte) Integer.parseInt(text.substring(3 * i, 3 * i + 2), 16);
            }
            return value;
        }
        Matcher number = NUMBER.matcher(text);
        if (!number.matches() || number.group(1).length() > 2 * bytes) {
            return null;
        }
        String digits = number.group(1);
        for (int i = 0; i < bytes && digits.length() - 2 * i > 0; i++) {
            int end = digits.length() - 2 * i;
            value[i] = (byte) Integer.parseInt(digits.substring(Math.max(0, end - 2), end), 16);
        }
        return value;
    }
}
