// SPDX-License-Identifier: Apache-2.0
package kdump.lab.qtest.differ;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/** A log that grows, read piece by piece. Deleted when it is closed. */
public final class LogTail implements AutoCloseable {

    private final Path path;
    private final RandomAccessFile file;

    /** Makes an empty one. */
    public LogTail() {
        try {
            path = Files.createTempFile("trace", ".log");
            file = new RandomAccessFile(path.toFile(), "r");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Returns its file. */
    public Path path() {
        return path;
    }

    /** Goes back to the beginning, where another writer begins. */
    public void rewind() {
        try {
            file.seek(0);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Returns what was written since the last time. */
    public String next() {
        try {
            byte[] bytes = new byte[(int) (file.length() - file.getFilePointer())];
            file.readFully(bytes);
            return new String(bytes, StandardCharsets.US_ASCII);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() {
        try {
            file.close();
            Files.delete(path);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
