// SPDX-License-Identifier: Apache-2.0
package kdump.importers.bytes;

import iommu.api.machine.FormatException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;

/**
 * The lines of a text file. Bytes that are no UTF-8 become U+FFFD.
 *
 * @param name of the file, for messages
 * @param lines without their ends; line 1 is at index 0
 */
public record TextFile(String name, List<String> lines) {

    /** Copies the list. */
    public TextFile {
        lines = List.copyOf(lines);
    }

    /** Reads a file of at most {@code limitBytes} bytes. */
    public static TextFile read(Path file, int limitBytes) throws IOException {
        return of(file.toString(), SmallFile.read(file, limitBytes));
    }

    /** Takes bytes already read. */
    public static TextFile of(String name, byte[] bytes) {
        String text = new String(bytes, StandardCharsets.UTF_8);
        return new TextFile(name, Arrays.asList(text.split("\r?\n", -1)));
    }

    /** Returns the complaint that the line at {@code index} holds {@code found}. */
    public FormatException wrong(int index, String field, String found, String expected) {
        return new FormatException(name, index + 1, "line " + (index + 1) + ", " + field, found,
                expected);
    }
}
