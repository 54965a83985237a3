// SPDX-License-Identifier: Apache-2.0
package kdump.importers.kdump;

import iommu.api.machine.FormatException;
import java.io.IOException;
import java.util.Arrays;
import kdump.importers.bytes.ByteFacts;
import kdump.importers.bytes.Content;
import kdump.importers.dump.PackedRanges;

/**
 * Which pages a dump holds, and the number of each page's descriptor: runs of pages out of the
 * bitmap, with the number of pages before each. Immutable; thread-safe.
 */
final class PageIndex {

    /**
     * Most runs, 96 MiB of index: a dump of 1 TiB with free pages left out has fewer, and a bitmap
     * of 256 MiB could name 2^30.
     */
    static final int MAX_RUNS = 1 << 22;

    static final int PAGE_SHIFT = 12;

    private static final int CHUNK_BYTES = 1 << 16;

    private final PackedRanges runs;
    private final long[] pagesBefore;

    private PageIndex(PackedRanges runs) {
        this.runs = runs;
        pagesBefore = new long[runs.size() + 1];
        for (int i = 0; i < runs.size(); i++) {
            pagesBefore[i + 1] = pagesBefore[i] + (runs.end(i) - runs.start(i) >>> PAGE_SHIFT);
        }
    }

    /** Reads the bitmap of pages that the file holds. */
    static PageIndex read(Content content, KdumpHeader header) throws IOException {
        return new PageIndex(runs(content, header.bitmapOffset(), "bitmap2", header.firstPage(),
                header.endPage()));
    }

    /** Reads the bitmap of pages that the machine has. */
    static PackedRanges memory(Content content, KdumpHeader header) throws IOException {
        long half = header.descriptorOffset() - header.bitmapOffset();
        return runs(content, header.bitmapOffset() - half, "bitmap1", 0, header.pages());
    }

    private static PackedRanges runs(Content content, long bitmap, String name, long start,
            long end) throws IOException {
        var runs = new PackedRanges.Builder();
        for (long page = start & -8L * CHUNK_BYTES; page < end; page += 8L * CHUNK_BYTES) {
            int bytes = (int) Math.min(CHUNK_BYTES, end - page + 7 >> 3);
            // padded to whole words
            byte[] chunk = Arrays.copyOf(bytes(content, bitmap + (page >> 3), bytes),
                    bytes + 7 & -8);
            var words = new ByteFacts(content.name(), bitmap + (page >> 3), chunk);
            for (int at = 0; at < chunk.length; at += 8) {
                long first = page + 8L * at;
                addRuns(runs, words.u64(at, name) & mask(first, start, end), first);
            }
            if (runs.size() > MAX_RUNS) {
                throw new FormatException(content.name(), bitmap + (page >> 3), name,
                        "more runs of pages", "at most " + MAX_RUNS);
            }
        }
        return runs.build();
    }

    private static byte[] bytes(Content content, long offset, int count) throws IOException {
        byte[] bytes = new byte[count];
        content.read(offset, bytes, 0, count);
        return bytes;
    }

    /** Returns the bits of the word from page {@code first} that belong to a part. */
    private static long mask(long first, long start, long end) {
        long mask = -1L;
        if (start > first) {
            mask = start - first >= 64 ? 0 : mask << start - first;
        }
        long room = end - first;
        return room >= 64 ? mask : room <= 0 ? 0 : mask & (1L << room) - 1;
    }

    private static void addRuns(PackedRanges.Builder runs, long word, long first) {
        for (long bits = word; bits != 0;) {
            int from = Long.numberOfTrailingZeros(bits);
            int count = Long.numberOfTrailingZeros(~(bits >>> from));
            runs.add(first + from << PAGE_SHIFT, first + from + count << PAGE_SHIFT);
            bits = from + count >= 64 ? 0 : bits & -1L << from + count;
        }
    }

    /** Returns the addresses of the pages. */
    PackedRanges runs() {
        return runs;
    }

    /** Returns the number of pages. */
    long pages() {
        return pagesBefore[runs.size()];
    }

    /** Returns the number of the descriptor of the page at {@code address}, which is present. */
    long descriptorOf(long address) {
        int run = runs.indexOf(address);
        return pagesBefore[run] + (address - runs.start(run) >>> PAGE_SHIFT);
    }
}
