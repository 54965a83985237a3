// SPDX-License-Identifier: Apache-2.0
package kdump.importers.kdump;

import iommu.api.machine.FormatException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import kdump.importers.bytes.ByteFacts;
import kdump.importers.bytes.Content;

/**
 * The flattened form of a file: a header, then records that each say where in the real file their
 * bytes belong, so that a dump can go through a pipe. Numbers are big-endian.
 *
 * <p>Source: makedumpfile(8), "-F"; makedumpfile, IMPLEMENTATION, "The flattened format".
 */
final class Flattened {

    /** Bytes of the header, most of them unused. */
    static final int HEADER_BYTES = 4096;

    /** Bytes of the head of a record: offset and size. */
    static final int RECORD_BYTES = 16;

    /**
     * Most records, 160 MiB of index: QEMU writes one for every 16 KiB of the real file,
     * makedumpfile one for several times as much.
     */
    static final int MAX_RECORDS = 1 << 23;

    /**
     * Most bytes of a record that the end of the file cuts; a larger size is damage. makedumpfile
     * writes its buffers, of a few megabytes at most.
     */
    static final int MAX_CUT_BYTES = 1 << 26;

    private static final byte[] SIGNATURE =
            "makedumpfile\0\0\0\0".getBytes(StandardCharsets.ISO_8859_1);
    private static final long END = -1;

    private final Content content;
    private long[] starts = new long[64];
    private long[] fileOffsets = new long[64];
    private int[] sizes = new int[64];
    private int count;

    private Flattened(Content content) {
        this.content = content;
    }

    static boolean isFlattened(Content content) throws IOException {
        byte[] head = new byte[(int) Math.min(SIGNATURE.length, content.bytes())];
        content.read(0, head, 0, head.length);
        return Arrays.equals(head, SIGNATURE);
    }

    /**
     * Returns the real file, of which {@code content} is the flattened form. If that breaks off,
     * the real file has the records up to there, and {@link Content#holds} tells what they are.
     */
    static Content rearrange(Content content) throws IOException {
        return new Flattened(content).read();
    }

    private Content read() throws IOException {
        ByteFacts header = content.facts(0, (int) Math.min(content.bytes(), HEADER_BYTES));
        checkIsOne(header, 16, "flattened.type");
        checkIsOne(header, 24, "flattened.version");
        header.need(0, HEADER_BYTES, "flattened header");
        long at = HEADER_BYTES;
        for (;;) {
            int head = (int) Math.min(content.bytes() - at, RECORD_BYTES);
            if (head < RECORD_BYTES && count > 0) {
                return rearranged(true);
            }
            ByteFacts record = content.facts(at, head);
            long offset = Long.reverseBytes(record.u64(0, "record.offset"));
            long size = Long.reverseBytes(record.u64(8, "record.size"));
            if (offset == END && size == END) {
                return rearranged(false);
            }
            long data = at + RECORD_BYTES;
            long rest = content.bytes() - data;
            if (size <= 0 || size > Integer.MAX_VALUE || size > rest && size > MAX_CUT_BYTES) {
                throw record.wrong(8, "record.size", size, "at least 1 and at most the 0x"
                        + Long.toHexString(rest) + " bytes that follow");
            }
            if (offset < 0 || offset > Long.MAX_VALUE / 2) {
                throw record.wrong(0, "record.offset", offset, "an offset in a file");
            }
            if (size > rest) {
                if (rest > 0) {
                    add(record, offset, data, (int) rest);
                }
                return rearranged(true);
            }
            add(record, offset, data, (int) size);
            at = data + size;
        }
    }

    private Content rearranged(boolean breaksOff) throws FormatException {
        return RearrangedContent.of(content, Arrays.copyOf(starts, count),
                Arrays.copyOf(fileOffsets, count), Arrays.copyOf(sizes, count), breaksOff);
    }

    private static void checkIsOne(ByteFacts head, int at, String field) throws FormatException {
        long found = Long.reverseBytes(head.u64(at, field));
        if (found != 1) {
            throw head.wrong(at, field, found, "0x1");
        }
    }

    private void add(ByteFacts record, long start, long fileOffset, int size)
            throws FormatException {
        if (count == MAX_RECORDS) {
            throw record.wrong(0, "record", "one more", "at most " + MAX_RECORDS);
        }
        if (count == starts.length) {
            starts = Arrays.copyOf(starts, count * 2);
            fileOffsets = Arrays.copyOf(fileOffsets, count * 2);
            sizes = Arrays.copyOf(sizes, count * 2);
        }
        starts[count] = start;
        fileOffsets[count] = fileOffset;
        sizes[count++] = size;
    }
}
