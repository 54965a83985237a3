// SPDX-License-Identifier: Apache-2.0
package kdump.importers.dump;

import iommu.api.memory.AddressRange;
import iommu.api.memory.MemoryImage;
import java.io.IOException;
import java.util.List;

/** A part of an image. Immutable; thread-safe. */
public final class CutImage implements MemoryImage {

    private final MemoryImage whole;
    private final PackedRanges ranges;

    private CutImage(MemoryImage whole, PackedRanges ranges) {
        this.whole = whole;
        this.ranges = ranges;
    }

    /** Returns what {@code whole} holds in {@code backed}: ranges by address, apart. */
    public static MemoryImage of(MemoryImage whole, List<AddressRange> backed) {
        var all = new PackedRanges.Builder();
        whole.ranges().forEach(r -> all.add(r.start(), r.end()));
        PackedRanges ranges = all.build();
        PackedRanges kept = ranges.within(backed);
        return kept.bytes() == ranges.bytes() ? whole : new CutImage(whole, kept);
    }

    @Override
    public List<AddressRange> ranges() {
        return ranges;
    }

    @Override
    public void read(long address, byte[] to, int offset, int bytes) throws IOException {
        ranges.require(address, bytes);
        whole.read(address, to, offset, bytes);
    }
}
