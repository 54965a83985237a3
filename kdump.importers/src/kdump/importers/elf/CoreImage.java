// SPDX-License-Identifier: Apache-2.0
package kdump.importers.elf;

import iommu.api.memory.AddressRange;
import iommu.api.memory.MemoryImage;
import java.io.IOException;
import java.util.List;
import kdump.importers.bytes.Content;
import kdump.importers.dump.PackedRanges;

/** The segments of a core file as memory. Immutable; thread-safe. */
final class CoreImage implements MemoryImage {

    private final Content content;
    private final long[] starts;
    private final long[] fileOffsets;
    private final PackedRanges ranges;

    /** Takes segments by address that do not overlap. */
    CoreImage(Content content, List<Segment> segments) {
        this.content = content;
        starts = segments.stream().mapToLong(s -> s.memory().start()).toArray();
        fileOffsets = segments.stream().mapToLong(Segment::fileOffset).toArray();
        var present = new PackedRanges.Builder();
        segments.forEach(s -> present.add(s.memory().start(), s.memory().end()));
        ranges = present.build();
    }

    @Override
    public List<AddressRange> ranges() {
        return ranges;
    }

    @Override
    public void read(long address, byte[] to, int offset, int bytes) throws IOException {
        ranges.require(address, bytes);
        int i = segmentOf(address);
        for (int done = 0; done < bytes; i++) {
            long at = address + done;
            long room = i + 1 < starts.length ? starts[i + 1] - at : Long.MAX_VALUE;
            int piece = (int) Math.min(bytes - done, room);
            content.read(fileOffsets[i] + (at - starts[i]), to, offset + done, piece);
            done += piece;
        }
    }

    /** Returns the last segment that begins at or below {@code address}. */
    private int segmentOf(long address) {
        int i = java.util.Arrays.binarySearch(starts, address);
        return i < 0 ? -i - 2 : i;
    }
}
