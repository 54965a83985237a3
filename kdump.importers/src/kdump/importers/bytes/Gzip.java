// SPDX-License-Identifier: Apache-2.0
package kdump.importers.bytes;

import iommu.api.machine.FormatException;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.GZIPInputStream;
import java.util.zip.ZipException;

/** Gzipped files. Source: RFC 1952, "GZIP file format specification". */
final class Gzip {

    /**
     * Most bytes a file may unpack to: twenty times the largest table capture at hand, and still
     * something an ordinary Java heap holds. Gzip packs zeros 1000 to 1, so the size of the file
     * says nothing.
     */
    static final long MAX_UNPACKED_BYTES = 256L << 20;

    private static final int MAGIC = 0x8b1f;
    private static final int BUFFER_BYTES = 1 << 16;

    private Gzip() { }

    static boolean isGzip(byte[] head) {
        return head.length >= 2 && (head[0] & 0xff | (head[1] & 0xff) << 8) == MAGIC;
    }

    static boolean isGzip(Path file) throws IOException {
        SmallFile.requireRegular(file);
        try (InputStream in = Files.newInputStream(file)) {
            return isGzip(in.readNBytes(2));
        }
    }

    /**
     * Returns the first bytes of the unpacked content; fewer than {@code count} if it is shorter.
     */
    static byte[] head(Path file, int count) throws IOException {
        try (InputStream packed = Files.newInputStream(file);
                InputStream in = new GZIPInputStream(packed)) {
            return in.readNBytes(count);
        } catch (EOFException | ZipException e) {
            throw damaged(file, 0, e);
        }
    }

    static Content unpack(Path file, long limitBytes) throws IOException {
        List<byte[]> chunks = new ArrayList<>();
        long total = 0;
        try (InputStream packed = Files.newInputStream(file);
                InputStream in = new GZIPInputStream(packed, BUFFER_BYTES)) {
            byte[] chunk;
            do {
                chunk = in.readNBytes(HeapContent.CHUNK_BYTES);
                total += chunk.length;
                if (total > limitBytes) {
                    throw new FormatException(file.toString(), limitBytes, "gzip.size",
                            "more unpacked bytes", "at most " + limitBytes);
                }
                chunks.add(chunk);
            } while (chunk.length == HeapContent.CHUNK_BYTES);
        } catch (EOFException | ZipException e) {
            throw damaged(file, total, e);
        }
        return new HeapContent(file.toString(), List.copyOf(chunks), total);
    }

    private static FormatException damaged(Path file, long offset, IOException cause) {
        var wrong = new FormatException(file.toString(), offset, "gzip",
                cause instanceof EOFException ? "end of the file"
                        : String.valueOf(cause.getMessage()),
                "a whole gzip stream");
        wrong.initCause(cause);
        return wrong;
    }
}
