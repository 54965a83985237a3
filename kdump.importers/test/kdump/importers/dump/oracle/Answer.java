// SPDX-License-Identifier: Apache-2.0
package kdump.importers.dump.oracle;

import iommu.api.machine.FormatException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import kdump.importers.dump.Dump;
import kdump.importers.dump.PackedRanges;

/**
 * What a reader says of a piece of memory.
 *
 * @param bytes what it reads; null if it reads nothing
 * @param damage null, or what it says is wrong with the file there; with neither, the memory is not
 *     in the dump
 * @param named whether the machine has the page of the first byte, as far as the reader knows
 * @param held whether the file holds that page, likewise
 */
record Answer(byte[] bytes, String damage, boolean named, boolean held) {

    /** Asks our own reader. */
    static List<Answer> ours(Dump dump, List<Probe> probes) throws IOException {
        PackedRanges ranges = Probe.packed(dump.image().ranges());
        PackedRanges memory = Probe.packed(dump.memory());
        List<Answer> answers = new ArrayList<>();
        for (Probe probe : probes) {
            long page = probe.address() & -4096L;
            boolean named = touches(memory, page);
            boolean held = touches(ranges, page);
            byte[] bytes = new byte[probe.bytes()];
            try {
                dump.image().read(probe.address(), bytes, 0, bytes.length);
                answers.add(new Answer(bytes, null, named, held));
            } catch (IllegalArgumentException e) {
                answers.add(new Answer(null, null, named, held));
            } catch (FormatException e) {
                answers.add(new Answer(null, e.getMessage(), named, held));
            }
        }
        return answers;
    }

    /** Returns whether a page has a byte in common with ranges. */
    static boolean touches(PackedRanges ranges, long page) {
        int low = 0;
        int high = ranges.size();
        while (low < high) {
            int middle = low + high >>> 1;
            if (ranges.end(middle) <= page) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        return low < ranges.size() && ranges.start(low) < page + 4096;
    }

    boolean isAbsent() {
        return bytes == null && damage == null;
    }
}
