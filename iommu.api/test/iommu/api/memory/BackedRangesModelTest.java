// SPDX-License-Identifier: Apache-2.0
package iommu.api.memory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import iommu.api.sim.RandomStream;
import iommu.testkit.seeds.Seeds;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Looking at the range of the access before first finds what a plain search finds. */
class BackedRangesModelTest {

    private static final int GRANULE = 1 << BackedRanges.GRANULE_SHIFT;

    /** Up to a hundred ranges, some adjacent, some in one granule, in any order. */
    private static List<AddressRange> some(RandomStream random) {
        List<AddressRange> ranges = new ArrayList<>();
        long at = random.nextInt(GRANULE);
        for (int i = 1 + random.nextInt(100); i > 0; i--) {
            AddressRange range = AddressRange.of(at, 1 + random.nextInt(3 * GRANULE));
            ranges.add(random.nextInt(ranges.size() + 1), range);
            at = range.end() + (random.oneIn(3) ? 0 : random.nextInt(2 * GRANULE));
        }
        return ranges;
    }

    private static AddressRange holder(List<AddressRange> ranges, long address) {
        return ranges.stream().filter(r -> r.contains(address)).findFirst().orElse(null);
    }

    /** Counts the granules of all ranges below, as the numbering says. */
    private static int number(List<AddressRange> ranges, AddressRange of, long address) {
        long before = ranges.stream().filter(r -> r.start() < of.start())
                .mapToLong(r -> (r.end() - 1) / GRANULE - r.start() / GRANULE + 1).sum();
        return (int) (before + address / GRANULE - of.start() / GRANULE);
    }

    /** Draws an address at an end of a range, or anywhere. */
    private static long address(List<AddressRange> ranges, RandomStream random) {
        AddressRange range = ranges.get(random.nextInt(ranges.size()));
        return switch (random.nextInt(4)) {
            case 0 -> range.start() - random.nextInt(2);
            case 1 -> range.end() - random.nextInt(2);
            default -> range.start() - 100 + random.nextInt((int) range.bytes() + 200);
        };
    }

    @Seeds(count = 10)
    void everyLookUpAgreesWithAPlainSearchWhateverWasLookedUpBefore(long seed) {
        var random = new RandomStream(seed, "look-up");
        List<AddressRange> ranges = some(random);
        var backed = new BackedRanges(ranges);
        for (int step = 0; step < 3000; step++) {
            long at = address(ranges, random);
            int bytes = 1 + random.nextInt(random.oneIn(2) ? 8 : 5000);
            AddressRange holder = holder(ranges, at);
            boolean within = holder != null && holder.contains(at, bytes);
            assertThat(backed.contains(at, bytes)).as("%d at 0x%x", bytes, at).isEqualTo(within);
            if (within) {
                assertThat(backed.granuleOf(at, bytes)).isEqualTo(number(ranges, holder, at));
            } else {
                assertThatIllegalArgumentException()
                        .isThrownBy(() -> backed.granuleOf(at, bytes));
            }
            long page = at & -4096;
            AddressRange whole = holder(ranges, page);
            assertThat(backed.granuleOfPage(page)).as("page 0x%x", page)
                    .isEqualTo(whole != null && whole.contains(page, 4096)
                            ? number(ranges, whole, page) : -1);
        }
    }

    @Seeds(count = 5)
    void granulesAreToldOnceEachByNumber(long seed) {
        List<AddressRange> ranges = some(new RandomStream(seed, "told"));
        var backed = new BackedRanges(ranges);
        List<Long> told = new ArrayList<>();
        backed.granules((number, address) -> {
            assertThat(number).isEqualTo(told.size());
            told.add(address);
        });
        assertThat(told).hasSize(backed.granules()).isSorted()
                .allMatch(address -> address % GRANULE == 0);
    }

    @Seeds(count = 5)
    void partsAreTheBytesThatLieInBoth(long seed) {
        var random = new RandomStream(seed, "parts");
        List<AddressRange> ranges = some(random);
        List<AddressRange> others = some(random);
        List<AddressRange> parts = new BackedRanges(ranges).partsOf(others);
        for (int step = 0; step < 2000; step++) {
            long at = address(random.oneIn(2) ? ranges : others, random);
            assertThat(parts.stream().filter(p -> p.contains(at)).count()).as("0x%x", at)
                    .isEqualTo(holder(ranges, at) != null && holder(others, at) != null ? 1 : 0);
        }
    }

    /** Two ranges that share a granule have one each: their bytes must not meet. */
    @Test
    void rangesInOneGranuleDoNotShareIt() {
        var memory = new PhysicalMemory(List.of(new AddressRange(0x1000, 0x2000),
                new AddressRange(0x2000, 0x3000), new AddressRange(0x8000, 0x9000)), 1);
        for (long at = 0x1000; at < 0x3000; at += 0x1000) {
            memory.write64(at, at);
        }
        memory.write64(0x8000, 0x8000);
        for (long at : new long[] {0x1000, 0x2000, 0x8000}) {
            assertThat(memory.read64(at)).isEqualTo(at);
        }
        List<Long> pages = new ArrayList<>();
        memory.knownPages(pages::add);
        assertThat(pages).containsExactly(0x1000L, 0x2000L, 0x8000L);
    }
}
