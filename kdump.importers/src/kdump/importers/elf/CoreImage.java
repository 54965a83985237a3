// SPDX-License-Identifier: Apache-2.0
package kdump.importers.elf;

import iommu.api.memory.AddressRange;
import iommu.api.memory.MemoryImage;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import kdump.importers.bytes.Content;

/** The segments of a core file as memory. Immutable; thread-safe. */
final class CoreImage implements MemoryImage {

    private final Content content;
    private final List<Segment> segments;
    private final List<AddressRange> ranges;

    /** Takes segments by address that do not overlap. */
    CoreImage(Content content, List<Segment> segments) {
        this.content = content;
        this.segments = List.copyOf(segments);
        this.ranges = segments.stream().map(Segment::memory).toList();
    }

    @Override
    public List<AddressRange> ranges() {
        return ranges;
    }

    @Override
    public void read(long address, byte[] to, int offset, int bytes) throws IOException {
        int low = 0;
        int high = segments.size() - 1;
        while (low <= high) {
            int middle = low + high >>> 1;
            Segment segment = segments.get(middle);
            if (segment.memory().contains(address, bytes)) {
                content.read(segment.fileOffset() + (address - segment.memory().start()), to,
                        offset, bytes);
                return;
            }
            if (segment.memory().start() > address) {
                high = middle - 1;
            } else {
                low = middle + 1;
            }
        }
        throw new IllegalArgumentException("no captured range holds " + bytes + " bytes from 0x"
                + Long.toHexString(address));
    }

    /** Returns the part of this image that lies in {@code backed}: ranges by address, apart. */
    CoreImage within(List<AddressRange> backed) {
        List<Segment> kept = new ArrayList<>();
        int next = 0;
        for (Segment segment : segments) {
            while (next < backed.size()
                    && backed.get(next).end() <= segment.memory().start()) {
                next++;
            }
            for (int i = next; i < backed.size()
                    && backed.get(i).start() < segment.memory().end(); i++) {
                kept.add(segment.within(backed.get(i)));
            }
        }
        return new CoreImage(content, kept);
    }
}
