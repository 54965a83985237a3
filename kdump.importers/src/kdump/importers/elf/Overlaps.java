// SPDX-License-Identifier: Apache-2.0
package kdump.importers.elf;

import iommu.api.memory.AddressRange;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;
import kdump.importers.bytes.Content;

/**
 * Lays segments out that may overlap: where two hold the same address, the one whose header comes
 * first counts. /proc/vmcore shows the kernel's text twice, so this is nothing to refuse; whether
 * the bytes agree is looked into and told.
 */
final class Overlaps {

    /** Most bytes compared: more than the text of a kernel, and done in well under a second. */
    private static final long MAX_COMPARED_BYTES = 64L << 20;

    /** Most pieces compared: segments that overlap in more places were made by no tool. */
    private static final int MAX_COMPARED_PIECES = 1 << 14;

    private static final int CHUNK_BYTES = 1 << 16;

    private final Content content;
    private final List<Segment> segments;
    private final List<Segment> pieces = new ArrayList<>();
    private long overlappingBytes;
    private long comparedBytes;
    private int comparedPieces;
    private long firstDifference = -1;

    /** Takes segments in the order of their headers. */
    Overlaps(Content content, List<Segment> segments) {
        this.content = content;
        this.segments = segments;
    }

    /** Returns the parts that count, by address and apart. */
    List<Segment> resolve() throws IOException {
        Integer[] byStart = new Integer[segments.size()];
        Arrays.setAll(byStart, i -> i);
        Arrays.sort(byStart, Comparator.comparingLong(this::start));
        var open = new PriorityQueue<Integer>();
        long at = 0;
        for (int next = 0; next < byStart.length || !open.isEmpty();) {
            if (open.isEmpty()) {
                at = start(byStart[next]);
            }
            while (next < byStart.length && start(byStart[next]) == at) {
                open.add(byStart[next++]);
            }
            long limit = next < byStart.length ? start(byStart[next]) : Long.MAX_VALUE;
            at = emit(open, at, limit);
            while (!open.isEmpty() && end(open.peek()) <= at) {
                open.remove();
            }
        }
        compare();
        return pieces;
    }

    private long start(int i) {
        return segments.get(i).memory().start();
    }

    private long end(int i) {
        return segments.get(i).memory().end();
    }

    /** Emits the first open segment from {@code at} to its end or {@code limit}. */
    private long emit(PriorityQueue<Integer> open, long at, long limit) {
        long end = Math.min(limit, end(open.peek()));
        Segment piece = segments.get(open.peek()).part(at, end);
        int before = pieces.size() - 1;
        if (before >= 0 && pieces.get(before).memory().end() == at
                && pieces.get(before).fileOffset() + pieces.get(before).memory().bytes()
                        == piece.fileOffset()) {
            Segment last = pieces.remove(before);
            piece = new Segment(new AddressRange(last.memory().start(), end),
                    last.fileOffset());
        }
        pieces.add(piece);
        return end;
    }

    private void compare() throws IOException {
        long all = segments.stream().mapToLong(s -> s.memory().bytes()).sum();
        overlappingBytes = all - pieces.stream().mapToLong(p -> p.memory().bytes()).sum();
        if (overlappingBytes == 0) {
            return;
        }
        long[] starts = pieces.stream().mapToLong(p -> p.memory().start()).toArray();
        for (Segment segment : segments) {
            int i = Arrays.binarySearch(starts, segment.memory().start());
            i = i < 0 ? -i - 2 : i;
            for (; i < starts.length && starts[i] < segment.memory().end(); i++) {
                compare(segment, pieces.get(i));
                if (comparedPieces > MAX_COMPARED_PIECES || firstDifference >= 0) {
                    return;
                }
            }
        }
    }

    private void compare(Segment one, Segment counts) throws IOException {
        long start = Math.max(one.memory().start(), counts.memory().start());
        long end = Math.min(one.memory().end(), counts.memory().end());
        long here = one.fileOffset() + (start - one.memory().start());
        long there = counts.fileOffset() + (start - counts.memory().start());
        if (here == there) {
            return;
        }
        comparedPieces++;
        byte[] a = new byte[CHUNK_BYTES];
        byte[] b = new byte[CHUNK_BYTES];
        for (long done = 0; done < end - start && comparedBytes < MAX_COMPARED_BYTES
                && firstDifference < 0;) {
            int chunk = (int) Math.min(CHUNK_BYTES, end - start - done);
            content.read(here + done, a, 0, chunk);
            content.read(there + done, b, 0, chunk);
            int same = Arrays.mismatch(a, 0, chunk, b, 0, chunk);
            firstDifference = same < 0 ? -1 : start + done + same;
            comparedBytes += chunk;
            done += chunk;
        }
    }

    /** Returns a sentence about overlaps, or null if there are none. */
    String remark() {
        if (overlappingBytes == 0) {
            return null;
        }
        return "Segments of the core overlap in 0x" + Long.toHexString(overlappingBytes)
                + " bytes; the one whose header comes first counts. "
                + (firstDifference < 0 ? "The 0x" + Long.toHexString(comparedBytes)
                        + " bytes compared agree." : "They differ, first at 0x"
                        + Long.toHexString(firstDifference) + ".");
    }
}
