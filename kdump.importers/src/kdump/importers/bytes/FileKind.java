// SPDX-License-Identifier: Apache-2.0
package kdump.importers.bytes;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;

/** What a file is, by its first bytes; a gzipped file is what it unpacks to. */
public enum FileKind {
    /** An ELF file of whatever class and type. */
    ELF("\u007fELF"),
    /** A kdump-compressed dump, as makedumpfile writes it. */
    KDUMP("KDUMP   "),
    /** Either of them in makedumpfile's flattened form. */
    FLATTENED("makedumpfile"),
    /** Anything else. */
    OTHER("");

    private static final int HEAD_BYTES = 16;

    private final byte[] magic;

    FileKind(String magic) {
        this.magic = magic.getBytes(StandardCharsets.ISO_8859_1);
    }

    /**
     * Returns what {@code file} is.
     *
     * @throws iommu.api.machine.FormatException if it looks gzipped and cannot be unpacked
     */
    public static FileKind of(Path file) throws IOException {
        byte[] head;
        try (InputStream in = Files.newInputStream(file)) {
            head = in.readNBytes(HEAD_BYTES);
        }
        if (Gzip.isGzip(head)) {
            head = Gzip.head(file, HEAD_BYTES);
        }
        return of(head);
    }

    /** Returns what a file is that was opened. */
    public static FileKind of(Content content) throws IOException {
        byte[] head = new byte[(int) Math.min(content.bytes(), HEAD_BYTES)];
        content.read(0, head, 0, head.length);
        return of(head);
    }

    private static FileKind of(byte[] head) {
        for (FileKind kind : values()) {
            if (head.length >= kind.magic.length && Arrays.equals(kind.magic, 0, kind.magic.length,
                    head, 0, kind.magic.length)) {
                return kind;
            }
        }
        return OTHER;
    }

    /** Returns whether this is a dump of memory, readable or not. */
    public boolean isDump() {
        return this != OTHER;
    }
}
