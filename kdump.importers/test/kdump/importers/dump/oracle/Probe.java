// SPDX-License-Identifier: Apache-2.0
package kdump.importers.dump.oracle;

import iommu.api.memory.AddressRange;
import iommu.api.sim.RandomStream;
import java.util.ArrayList;
import java.util.List;
import kdump.importers.dump.Dump;
import kdump.importers.dump.PackedRanges;

/**
 * A piece of physical memory that all readers of a dump are asked for.
 *
 * @param address of its first byte
 * @param bytes 1 or more
 */
record Probe(long address, int bytes) {

    private static final int PAGE = 4096;
    private static final int FEW = 64;
    private static final long PHYSICAL_ADDRESS_END = 1L << 52;

    /**
     * Draws pieces: within what the dump holds, across the ends of pages and of ranges, of several
     * pages, where the machine has memory that the dump lacks, in holes, and beyond all memory.
     */
    static List<Probe> draw(Dump dump, int count, long seed, String name) {
        RandomStream random = new RandomStream(seed, name);
        PackedRanges held = packed(dump.image().ranges());
        PackedRanges named = packed(dump.memory().isEmpty() ? held : dump.memory());
        long top = Math.max(end(held), end(named));
        List<Probe> probes = new ArrayList<>();
        while (probes.size() < count) {
            PackedRanges of = random.oneIn(4) ? named : held;
            long at = of.isEmpty() ? random.between(0, top) : switch (random.nextInt(6)) {
                case 0 -> within(of, random);
                case 1 -> edge(of, random);
                case 2 -> anywhere(of, random) / PAGE * PAGE + PAGE - random.nextInt(FEW);
                case 3 -> random.between(0, top + PAGE * PAGE);
                default -> anywhere(of, random);
            };
            at = random.oneIn(40) ? random.between(0, PHYSICAL_ADDRESS_END - 4 * PAGE) : at;
            int bytes = 1 + random.nextInt(random.oneIn(20) ? 3 * PAGE : FEW);
            probes.add(new Probe(Math.max(0, at), bytes));
        }
        return probes;
    }

    /** An address of any range, each as likely as the others. */
    private static long within(PackedRanges ranges, RandomStream random) {
        int i = random.nextInt(ranges.size());
        return random.between(ranges.start(i), ranges.end(i) - 1);
    }

    private static long edge(PackedRanges ranges, RandomStream random) {
        int i = random.nextInt(ranges.size());
        long edge = random.oneIn(2) ? ranges.start(i) : ranges.end(i);
        return edge + random.between(-FEW, FEW);
    }

    /** An address, each as likely as the others. */
    private static long anywhere(PackedRanges ranges, RandomStream random) {
        long rest = random.between(0, ranges.bytes() - 1);
        int i = 0;
        while (rest >= ranges.end(i) - ranges.start(i)) {
            rest -= ranges.end(i) - ranges.start(i);
            i++;
        }
        return ranges.start(i) + rest;
    }

    private static long end(PackedRanges ranges) {
        return ranges.isEmpty() ? 0 : ranges.end(ranges.size() - 1);
    }

    /** Ranges that may lie in any order and over each other become ranges by address and apart. */
    static PackedRanges packed(List<AddressRange> ranges) {
        if (ranges instanceof PackedRanges packed) {
            return packed;
        }
        var all = new PackedRanges.Builder();
        long end = 0;
        for (AddressRange range : ranges.stream()
                .sorted((a, b) -> Long.compare(a.start(), b.start())).toList()) {
            if (range.end() > end) {
                all.add(Math.max(end, range.start()), range.end());
                end = range.end();
            }
        }
        return all.build();
    }
}
