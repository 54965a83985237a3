// SPDX-License-Identifier: Apache-2.0
package kdump.importers.kdump;

import io.airlift.compress.Decompressor;
import io.airlift.compress.lzo.LzoDecompressor;
import io.airlift.compress.snappy.SnappyDecompressor;
import io.airlift.compress.zstd.ZstdDecompressor;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;

/**
 * Unpacks pages. Keeps its tables from page to page; one thread at a time.
 *
 * <p>Source: makedumpfile, IMPLEMENTATION; the flags are those of its page descriptors.
 */
final class PageCodec {

    static final int RAW = 0;
    static final int ZLIB = 1;
    static final int LZO = 2;
    static final int SNAPPY = 4;
    static final int ZSTD = 0x20;

    private final Inflater inflater = new Inflater();
    private Decompressor lzo;
    private Decompressor snappy;
    private Decompressor zstd;

    /** Returns whether {@code flags} name a way of packing that is known. */
    static boolean knows(long flags) {
        return flags == RAW || flags == ZLIB || flags == LZO || flags == SNAPPY || flags == ZSTD;
    }

    /**
     * Unpacks {@code packed} into {@code page}.
     *
     * @return null, or what is wrong with the packed bytes
     */
    String unpack(int flags, byte[] packed, byte[] page) {
        try {
            int bytes = switch (flags) {
                case ZLIB -> inflate(packed, page);
                case LZO -> lzo().decompress(packed, 0, packed.length, page, 0, page.length);
                case SNAPPY -> snappy().decompress(packed, 0, packed.length, page, 0, page.length);
                default -> zstd().decompress(packed, 0, packed.length, page, 0, page.length);
            };
            return bytes == page.length ? null : bytes + " bytes";
        } catch (DataFormatException | RuntimeException e) {
            // The decompressors tell damage by various unchecked exceptions.
            return "damage (" + e.getMessage() + ")";
        } catch (LinkageError e) {
            return "a page that needs sun.misc.Unsafe, which this JVM lacks";
        }
    }

    private int inflate(byte[] packed, byte[] page) throws DataFormatException {
        inflater.reset();
        inflater.setInput(packed);
        int bytes = inflater.inflate(page);
        return bytes == page.length && !inflater.finished() && inflater.inflate(new byte[1]) > 0
                ? bytes + 1 : bytes;
    }

    private Decompressor lzo() {
        lzo = lzo == null ? new LzoDecompressor() : lzo;
        return lzo;
    }

    private Decompressor snappy() {
        snappy = snappy == null ? new SnappyDecompressor() : snappy;
        return snappy;
    }

    private Decompressor zstd() {
        zstd = zstd == null ? new ZstdDecompressor() : zstd;
        return zstd;
    }
}
