// SPDX-License-Identifier: Apache-2.0
package kdump.importers.kdump;

import iommu.api.machine.FormatException;
import java.io.IOException;
import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;
import kdump.importers.bytes.Content;

/**
 * A file put together from records in another order. Where records overlap the later one counts, as
 * if all had been written in their order; what none holds is zero, as in a sparse file.
 */
final class RearrangedContent implements Content {

    /** Most records of one knot that overlaps: a writer goes back for its header only. */
    private static final int MAX_KNOT = 1 << 12;

    private final Content flat;
    private final long[] starts;
    private final long[] fileOffsets;
    private final int[] sizes;
    private final long bytes;
    private final boolean breaksOff;

    private RearrangedContent(Content flat, long[] starts, long[] fileOffsets, int[] sizes,
            boolean breaksOff) {
        this.flat = flat;
        this.starts = starts;
        this.fileOffsets = fileOffsets;
        this.sizes = sizes;
        this.breaksOff = breaksOff;
        int last = starts.length - 1;
        bytes = last < 0 ? 0 : starts[last] + sizes[last];
    }

    /**
     * Takes records in the order of writing. The arrays are not to be changed afterwards.
     *
     * @param breaksOff whether records are missing, so that what none holds is not zero
     */
    static Content of(Content flat, long[] starts, long[] fileOffsets, int[] sizes,
            boolean breaksOff) throws FormatException {
        int[] order = order(starts);
        int n = starts.length;
        var out = new Extents(n);
        for (int i = 0; i < n;) {
            long end = starts[order[i]] + sizes[order[i]];
            int j = i + 1;
            while (j < n && starts[order[j]] < end) {
                end = Math.max(end, starts[order[j]] + sizes[order[j]]);
                j++;
            }
            if (j == i + 1) {
                out.add(starts[order[i]], fileOffsets[order[i]], sizes[order[i]]);
            } else if (j - i > MAX_KNOT) {
                throw new FormatException(flat.name(), fileOffsets[order[i]], "record.offset",
                        (j - i) + " records that overlap", "at most " + MAX_KNOT);
            } else {
                int[] knot = Arrays.copyOfRange(order, i, j);
                Arrays.sort(knot);
                untie(knot, starts, fileOffsets, sizes, out);
            }
            i = j;
        }
        return new RearrangedContent(flat, Arrays.copyOf(out.starts, out.count),
                Arrays.copyOf(out.fileOffsets, out.count), Arrays.copyOf(out.sizes, out.count),
                breaksOff);
    }

    private static final class Extents {
        private long[] starts;
        private long[] fileOffsets;
        private int[] sizes;
        private int count;

        Extents(int room) {
            starts = new long[room];
            fileOffsets = new long[room];
            sizes = new int[room];
        }

        void add(long start, long fileOffset, int size) {
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

    /** Returns the indices by start; equal ones keep their order. Merges runs from the bottom. */
    private static int[] order(long[] starts) {
        int n = starts.length;
        int[] from = new int[n];
        Arrays.setAll(from, i -> i);
        int[] to = new int[n];
        for (int width = 1; width < n; width *= 2) {
            for (int low = 0; low < n; low += 2 * width) {
                int middle = Math.min(low + width, n);
                int high = Math.min(low + 2 * width, n);
                int a = low;
                int b = middle;
                for (int k = low; k < high; k++) {
                    boolean first = a < middle
                            && (b >= high || starts[from[a]] <= starts[from[b]]);
                    to[k] = from[first ? a++ : b++];
                }
            }
            int[] swap = from;
            from = to;
            to = swap;
        }
        return from;
    }

    /** Lays the records {@code knot} over each other in their order. */
    private static void untie(int[] knot, long[] starts, long[] fileOffsets, int[] sizes,
            Extents out) {
        var laid = new TreeMap<Long, long[]>(); // start -> end, file offset
        for (int i : knot) {
            long start = starts[i];
            long end = start + sizes[i];
            Map.Entry<Long, long[]> before = laid.lowerEntry(start);
            if (before != null && before.getValue()[0] > start) {
                long[] old = before.getValue();
                laid.put(before.getKey(), new long[] {start, old[1]});
                if (old[0] > end) {
                    laid.put(end, new long[] {old[0], old[1] + end - before.getKey()});
                }
            }
            Map.Entry<Long, long[]> over = laid.ceilingEntry(start);
            while (over != null && over.getKey() < end) {
                laid.remove(over.getKey());
                if (over.getValue()[0] > end) {
                    laid.put(end, new long[] {over.getValue()[0],
                        over.getValue()[1] + end - over.getKey()});
                }
                over = laid.higherEntry(over.getKey());
            }
            laid.put(start, new long[] {end, fileOffsets[i]});
        }
        laid.forEach((start, rest) -> out.add(start, rest[1], (int) (rest[0] - start)));
    }

    @Override
    public String name() {
        return flat.name() + " (rearranged)";
    }

    @Override
    public long bytes() {
        return bytes;
    }

    @Override
    public boolean breaksOff() {
        return breaksOff;
    }

    @Override
    public boolean holds(long offset, long count) {
        if (!breaksOff || count == 0) {
            return offset <= bytes - count;
        }
        int i = Arrays.binarySearch(starts, offset);
        i = i < 0 ? -i - 2 : i;
        long at = offset;
        while (i >= 0 && i < starts.length && starts[i] <= at && at < starts[i] + sizes[i]) {
            at = starts[i] + sizes[i];
            i++;
        }
        return at - offset >= count;
    }

    @Override
    public void read(long offset, byte[] to, int at, int count) throws IOException {
        int i = Arrays.binarySearch(starts, offset);
        i = i < 0 ? -i - 2 : i;
        for (int done = 0; done < count;) {
            long place = offset + done;
            long end = i < 0 ? 0 : starts[i] + sizes[i];
            int piece;
            if (place < end) {
                piece = (int) Math.min(count - done, end - place);
                flat.read(fileOffsets[i] + (place - starts[i]), to, at + done, piece);
            } else {
                long next = i + 1 < starts.length ? starts[i + 1] : Long.MAX_VALUE;
                piece = (int) Math.min(count - done, next - place);
                Arrays.fill(to, at + done, at + done + piece, (byte) 0);
                i++;
            }
            done += piece;
        }
    }
}
