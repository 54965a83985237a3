// SPDX-License-Identifier: Apache-2.0
package kdump.importers;

import iommu.api.memory.AddressRange;
import iommu.api.memory.PhysicalMemory;
import java.util.ArrayList;
import java.util.List;
import kdump.importers.dump.Dump;

/**
 * System RAM of a machine that only its dump tells of. makedumpfile's first bitmap and the headers
 * of a core name all memory of the machine, whether the dump holds it or not; the capture kernel's
 * own is not among it, which leaves a hole on a boundary where kernels put reservations.
 *
 * @param ram whole pages, by address and apart
 * @param reservation the hole, if there is just one; else null
 * @param remarks what was taken for what, a sentence each
 */
record NamedMemory(List<AddressRange> ram, AddressRange reservation, List<String> remarks) {

    private static final long FOUR_GIB = 1L << 32;
    private static final long LEAST_HOLE = 16L << 20;
    private static final long MOST_HOLE = 4L << 30;
    /** Linux aligns the reservation to 16 MiB, and its size to 1 MiB. */
    private static final long ALIGNMENT = 16L << 20;
    private static final long MIB = 1L << 20;

    static NamedMemory of(Dump dump) {
        List<AddressRange> held =
                Ranges.pages(dump.image().ranges(), PhysicalMemory.PAGE_BYTES);
        List<AddressRange> all = new ArrayList<>(held);
        all.addAll(Ranges.pages(dump.memory(), PhysicalMemory.PAGE_BYTES));
        List<AddressRange> named = Ranges.joined(all);
        if (named.equals(held) || Ranges.bytes(named) > PhysicalMemory.MAX_BYTES / 2) {
            return new NamedMemory(held, null,
                    List.of("No iomem: System RAM is what the dump holds."));
        }
        String remark = "No iomem: System RAM is what the dump names, though it holds less.";
        List<AddressRange> holes = holes(named);
        if (holes.size() != 1) {
            return new NamedMemory(named, null, List.of(remark));
        }
        named.add(holes.get(0));
        return new NamedMemory(Ranges.joined(named), holes.get(0), List.of(remark,
                "The one hole in it that a reservation can leave, " + holes.get(0)
                        + ", is taken as the crash reservation."));
    }

    private static List<AddressRange> holes(List<AddressRange> ram) {
        List<AddressRange> holes = new ArrayList<>();
        for (int i = 1; i < ram.size(); i++) {
            long start = ram.get(i - 1).end();
            long end = ram.get(i).start();
            boolean fits = start % ALIGNMENT == 0 && end % MIB == 0 && end - start >= LEAST_HOLE
                    && end - start <= MOST_HOLE && !(start < FOUR_GIB && end >= FOUR_GIB);
            if (fits) {
                holes.add(new AddressRange(start, end));
            }
        }
        return holes;
    }
}
