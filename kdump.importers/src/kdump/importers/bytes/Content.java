// SPDX-License-Identifier: Apache-2.0
package kdump.importers.bytes;

import java.io.IOException;
import java.nio.file.Path;

/**
 * The content of a large file, unpacked, by offset. Immutable as long as the file is; thread-safe.
 */
public interface Content {

    /**
     * Opens a file. A gzipped one, known by its first bytes and not by its name, is unpacked into
     * memory; any other stays where it is.
     *
     * @throws iommu.api.machine.FormatException if the packed content is damaged or too large
     */
    static Content open(Path file) throws IOException {
        return Gzip.isGzip(file) ? Gzip.unpack(file, Gzip.MAX_UNPACKED_BYTES)
                : FileContent.open(file);
    }

    /** Returns the name of the file, for messages. */
    String name();

    /** Returns the number of bytes. */
    long bytes();

    /** Returns whether pieces are missing, which are read as zeros. */
    default boolean breaksOff() {
        return false;
    }

    /** Returns whether {@code count} bytes from {@code offset} are there; both 0 or more. */
    default boolean holds(long offset, long count) {
        return offset <= bytes() - count;
    }

    /**
     * Copies bytes.
     *
     * @param offset first byte; all of {@code count} bytes lie below {@link #bytes}
     */
    void read(long offset, byte[] to, int at, int count) throws IOException;

    /** Returns {@code count} bytes from {@code offset} as fields. */
    default ByteFacts facts(long offset, int count) throws IOException {
        byte[] piece = new byte[count];
        read(offset, piece, 0, count);
        return new ByteFacts(name(), offset, piece);
    }
}
