// SPDX-License-Identifier: Apache-2.0
package iommu.api.memory;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * What answers where in the physical address space of a machine. Immutable.
 *
 * <p>Addresses named by no region are {@link MemoryKind#MMIO}: nothing answers there.
 */
public final class MemoryMap {

    /**
     * One region.
     *
     * @param range where
     * @param kind what answers
     * @param label as /proc/iomem names it; not null
     */
    public record Region(AddressRange range, MemoryKind kind, String label) { }

    private final List<Region> regions;
    /** The region that was found last: the next look is for the same one, as a rule. */
    private Region last;

    /**
     * Makes a map.
     *
     * @throws IllegalArgumentException if two regions overlap
     */
    public MemoryMap(List<Region> regions) {
        var sorted = new ArrayList<>(regions);
        sorted.sort(Comparator.comparing(r -> r.range().start(), Long::compareUnsigned));
        for (int i = 1; i < sorted.size(); i++) {
            if (sorted.get(i - 1).range().overlaps(sorted.get(i).range())) {
                throw new IllegalArgumentException(
                        sorted.get(i - 1).range() + " overlaps " + sorted.get(i).range());
            }
        }
        this.regions = List.copyOf(sorted);
    }

    /** Returns all regions, by address. */
    public List<Region> regions() {
        return regions;
    }

    /** Returns the ranges of one kind, by address; empty if there is none. */
    public List<AddressRange> ranges(MemoryKind kind) {
        return regions.stream().filter(r -> r.kind() == kind).map(Region::range).toList();
    }

    /** Returns what answers at {@code address}. */
    public MemoryKind kindAt(long address) {
        Region recent = last;
        if (recent != null && recent.range().contains(address)) {
            return recent.kind();
        }
        for (int i = 0; i < regions.size(); i++) {
            if (regions.get(i).range().contains(address)) {
                last = regions.get(i);
                return last.kind();
            }
        }
        return MemoryKind.MMIO;
    }

    /** Returns the memory of this map: all RAM and ROM, filled with the pattern of {@code seed}. */
    public PhysicalMemory memory(long seed) {
        return new PhysicalMemory(regions.stream().filter(r -> r.kind() != MemoryKind.MMIO)
                .map(Region::range).toList(), seed);
    }
}
