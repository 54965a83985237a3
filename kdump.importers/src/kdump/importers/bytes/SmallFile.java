// SPDX-License-Identifier: Apache-2.0
package kdump.importers.bytes;

import iommu.api.machine.FormatException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;

/** Files that are read whole because their kind is small. */
public final class SmallFile {

    private SmallFile() { }

    /**
     * Returns the bytes of a file.
     *
     * @throws FormatException if it has more than {@code limitBytes}, or is no regular file
     */
    public static byte[] read(Path file, int limitBytes) throws IOException {
        requireRegular(file);
        try (InputStream in = Files.newInputStream(file)) {
            byte[] bytes = in.readNBytes(limitBytes + 1);
            if (bytes.length > limitBytes) {
                throw new FormatException(file.toString(), limitBytes, "size", "more bytes",
                        "at most " + limitBytes + " bytes");
            }
            return bytes;
        }
    }

    /** Refuses what exists and is no regular file: a pipe would never end. */
    static void requireRegular(Path file) throws FormatException {
        if (Files.exists(file) && !Files.isRegularFile(file)) {
            throw new FormatException(file.toString(), 0, "kind", "something else",
                    "a regular file");
        }
    }
}
