// SPDX-License-Identifier: Apache-2.0
package kdump.importers;

import iommu.api.memory.AddressRange;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/** Sets of addresses below 2^63 as lists of ranges. */
final class Ranges {

    private Ranges() { }

    /** Returns the same addresses by address, with ranges that meet or overlap joined. */
    static List<AddressRange> joined(List<AddressRange> ranges) {
        List<AddressRange> sorted = new ArrayList<>(ranges);
        sorted.sort(Comparator.comparingLong(AddressRange::start));
        List<AddressRange> joined = new ArrayList<>();
        for (AddressRange range : sorted) {
            int last = joined.size() - 1;
            if (last >= 0 && range.start() <= joined.get(last).end()) {
                AddressRange before = joined.remove(last);
                range = new AddressRange(before.start(), Math.max(before.end(), range.end()));
            }
            joined.add(range);
        }
        return joined;
    }

    /** Returns the ranges widened to whole pages, by address and joined. */
    static List<AddressRange> pages(List<AddressRange> ranges, int pageBytes) {
        return joined(ranges.stream().map(r -> new AddressRange(r.start() & -pageBytes,
                r.end() + pageBytes - 1 & -pageBytes)).toList());
    }

    /** Returns the number of bytes of ranges that do not overlap. */
    static long bytes(List<AddressRange> ranges) {
        return ranges.stream().mapToLong(AddressRange::bytes).sum();
    }
}
