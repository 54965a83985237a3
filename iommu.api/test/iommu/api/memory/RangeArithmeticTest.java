// SPDX-License-Identifier: Apache-2.0
package iommu.api.memory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import iommu.api.sim.RandomStream;
import iommu.testkit.seeds.Seeds;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;

/** Ranges and maps agree with numbers that do not wrap around at 2^64. */
class RangeArithmeticTest {

    private static final BigInteger TOP = BigInteger.ONE.shiftLeft(64);

    private static BigInteger big(long unsigned) {
        return new BigInteger(Long.toUnsignedString(unsigned));
    }

    private static BigInteger end(AddressRange range) {
        return range.end() == 0 ? TOP : big(range.end());
    }

    /** Draws an address: near 0, near the top, near the sign, or anywhere. */
    private static long address(RandomStream random) {
        long small = random.nextInt(20);
        return switch (random.nextInt(4)) {
            case 0 -> small;
            case 1 -> -small;
            case 2 -> Long.MIN_VALUE + small - 10;
            default -> random.nextLong();
        };
    }

    private static AddressRange range(RandomStream random) {
        while (true) {
            long one = address(random);
            long other = address(random);
            if (one != other && (big(one).compareTo(big(other)) < 0 || other == 0)) {
                return new AddressRange(one, other);
            }
        }
    }

    @Seeds(count = 4)
    void rangesAreSetsOfNumbers(long seed) {
        var random = new RandomStream(seed, "ranges");
        for (int round = 0; round < 2000; round++) {
            AddressRange range = range(random);
            AddressRange other = range(random);
            BigInteger start = big(range.start());
            assertThat(big(range.bytes())).isEqualTo(end(range).subtract(start));
            assertThat(range.overlaps(other)).isEqualTo(start.compareTo(end(other)) < 0
                    && big(other.start()).compareTo(end(range)) < 0);
            long at = address(random);
            boolean inside = big(at).compareTo(start) >= 0 && big(at).compareTo(end(range)) < 0;
            assertThat(range.contains(at)).as("%s %x", range, at).isEqualTo(inside);
            long bytes = 1 + random.nextInt(30);
            assertThat(range.contains(at, bytes)).as("%s %x %d", range, at, bytes)
                    .isEqualTo(inside && big(at).add(big(bytes)).compareTo(end(range)) <= 0);
        }
    }

    @Seeds(count = 4)
    void emptyAndReversedRangesAreRefused(long seed) {
        var random = new RandomStream(seed, "reversed");
        for (int round = 0; round < 500; round++) {
            long start = address(random);
            long end = address(random);
            if (end != 0 && big(start).compareTo(big(end)) >= 0 || start == end) {
                assertThatIllegalArgumentException()
                        .isThrownBy(() -> new AddressRange(start, end));
            }
        }
    }

    @Seeds(count = 4)
    void aMapIsAListOfRegionsThatDoNotOverlap(long seed) {
        var random = new RandomStream(seed, "maps");
        for (int round = 0; round < 200; round++) {
            List<MemoryMap.Region> regions = new ArrayList<>();
            for (int i = random.nextInt(4); i >= 0; i--) {
                MemoryKind kind = MemoryKind.values()[random.nextInt(4)];
                regions.add(new MemoryMap.Region(range(random), kind, kind.name()));
            }
            if (overlap(regions)) {
                assertThatIllegalArgumentException().isThrownBy(() -> new MemoryMap(regions))
                        .withMessageContaining("overlaps");
                continue;
            }
            var map = new MemoryMap(regions);
            assertThat(map.regions()).containsExactlyInAnyOrderElementsOf(regions);
            assertThat(map.regions()).isSortedAccordingTo((a, b) ->
                    Long.compareUnsigned(a.range().start(), b.range().start()));
            long at = address(random);
            assertThat(map.kindAt(at)).isEqualTo(regions.stream()
                    .filter(r -> r.range().contains(at)).map(MemoryMap.Region::kind).findFirst()
                    .orElse(MemoryKind.MMIO));
        }
    }

    private static boolean overlap(List<MemoryMap.Region> regions) {
        return regions.stream().anyMatch(a -> regions.stream()
                .anyMatch(b -> a != b && a.range().overlaps(b.range())));
    }
}
