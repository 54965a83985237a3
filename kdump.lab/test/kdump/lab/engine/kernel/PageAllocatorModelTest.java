// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import iommu.api.memory.AddressRange;
import iommu.api.sim.RandomStream;
import iommu.api.unit.KernelPanicException;
import iommu.testkit.seeds.Seeds;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Collection;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Allocators of pages beside models that try every frame, and addresses in use beside sets. */
class PageAllocatorModelTest {

    private static final int PAGE = 4096;

    /** Two or three ranges of a few dozen frames, some of them excluded. */
    private record Memory(List<AddressRange> ranges, BitSet excluded) {

        static Memory of(RandomStream random) {
            var ranges = new ArrayList<AddressRange>();
            var excluded = new BitSet();
            int frame = 16;
            for (int i = 2 + random.nextInt(2); i > 0; i--) {
                frame += random.nextInt(20);
                int end = frame + 8 + random.nextInt(40);
                ranges.add(new AddressRange((long) frame * PAGE, (long) end * PAGE));
                for (int at = frame; at < end; at++) {
                    if (random.oneIn(6)) {
                        excluded.set(at);
                    }
                }
                frame = end;
            }
            return new Memory(ranges, excluded);
        }

        boolean holds(long start, int count) {
            return ranges.stream().anyMatch(r -> r.contains(start, (long) count * PAGE));
        }

        boolean isExcluded(long start, int count) {
            for (int i = 0; i < count; i++) {
                if (excluded.get((int) (start / PAGE) + i)) {
                    return true;
                }
            }
            return false;
        }
    }

    private static int align(int count) {
        int align = 1;
        while (align < count) {
            align *= 2;
        }
        return align;
    }

    /** It goes up through the ranges and never back, but for single frames given back. */
    @Seeds(count = 40)
    void framesComeUpwardsAndThoseGivenBackFirst(long seed) {
        var random = new RandomStream(seed, "frames");
        Memory memory = Memory.of(random);
        var allocator = new PageAllocator(memory.ranges, memory.excluded);
        Deque<Long> back = new ArrayDeque<>();
        var mine = new ArrayList<Long>();
        Set<Long> ever = new HashSet<>();
        long next = 0;
        for (int i = 0; i < 120; i++) {
            if (random.oneIn(3) && !mine.isEmpty()) {
                long page = mine.remove(random.nextInt(mine.size()));
                allocator.free(page, 1);
                back.push(page);
                continue;
            }
            int count = random.oneIn(3) ? 1 + random.nextInt(5) : 1;
            if (count == 1 && !back.isEmpty()) {
                long page = back.pop();
                assertThat(allocator.allocate(1)).isEqualTo(page);
                mine.add(page);
                continue;
            }
            long at = next;
            while (at < allocator.end() && (at / PAGE % align(count) != 0
                    || !memory.holds(at, count) || memory.isExcluded(at, count))) {
                at += PAGE;
            }
            if (at >= allocator.end()) {
                assertThatExceptionOfType(KernelPanicException.class)
                        .isThrownBy(() -> allocator.allocate(count)).withMessage(
                                "out of memory: no " + count + " adjacent pages left");
                return;
            }
            assertThat(allocator.allocate(count)).as("step %d, %d pages", i, count).isEqualTo(at);
            for (int p = 0; p < count; p++) {
                ever.add(at + (long) p * PAGE);
                if (count == 1) {
                    mine.add(at);
                }
            }
            next = at + (long) count * PAGE;
            for (long page = 0; page < allocator.end(); page += PAGE) {
                assertThat(allocator.gave(page)).isEqualTo(ever.contains(page));
            }
        }
    }

    @Seeds(count = 40)
    void lowFramesAreTheLowestThatNobodyHas(long seed) {
        var random = new RandomStream(seed, "low");
        Memory memory = Memory.of(random);
        var allocator = new PageAllocator(memory.ranges, memory.excluded);
        var taken = new BitSet();
        for (int i = 0; i < 60; i++) {
            int count = 1 + random.nextInt(4);
            int align = 1 << random.nextInt(4);
            long expected = -1;
            for (long at = 0; at < allocator.end() && expected < 0; at += PAGE) {
                int frame = (int) (at / PAGE);
                int clash = taken.nextSetBit(frame);
                if (frame % align == 0 && memory.holds(at, count)
                        && !memory.isExcluded(at, count)
                        && (clash < 0 || clash >= frame + count)) {
                    expected = at;
                }
            }
            assertThat(allocator.takeLow(count, (long) align * PAGE))
                    .as("%d pages aligned to %d", count, align).isEqualTo(expected);
            if (expected >= 0) {
                taken.set((int) (expected / PAGE), (int) (expected / PAGE) + count);
                assertThat(allocator.gave(expected)).isTrue();
            }
        }
    }

    @ParameterizedTest(name = "{0} pages")
    @CsvSource({"1, 0x5000, 0x6000", "2, 0x6000, 0x8000", "3, 0x8000, 0xc000",
        "4, 0x8000, 0xc000", "5, 0x8000, 0x10000", "8, 0x8000, 0x10000", "9, 0x10000, 0x20000"})
    void runsAreAlignedToTheNextPowerOfTwo(int count, String first, String second) {
        var allocator = new PageAllocator(List.of(new AddressRange(0x4800, 0x10_0000)),
                new BitSet());
        assertThat(allocator.allocate(count)).isEqualTo((long) Long.decode(first));
        assertThat(allocator.allocate(count)).isEqualTo((long) Long.decode(second));
    }

    // ---- addresses in use -----------------------------------------------------------------------

    /** Requesters of domains of units, beside sets of all that was added. */
    @Seeds(count = 20)
    void sharersAndRangesAreThoseOfTheDomains(long seed) {
        var random = new RandomStream(seed, "in use");
        var inUse = new IovaInUse();
        Map<String, Set<Integer>> requesters = new HashMap<>();
        Map<String, Set<Long>> pages = new HashMap<>();
        for (int i = 0; i < 100; i++) {
            int unit = random.nextInt(2);
            int requester = random.nextInt(6);
            int domain = random.nextInt(5);
            long page = random.nextInt(40);
            String key = unit + " " + domain;
            inUse.add(unit, requester, domain, AddressRange.of(page * PAGE, PAGE));
            requesters.computeIfAbsent(key, k -> new HashSet<>()).add(requester);
            pages.computeIfAbsent(key, k -> new HashSet<>()).add(page);
        }
        for (int unit = 0; unit < 2; unit++) {
            for (List<Integer> ids : List.of(List.of(0), List.of(1, 2), List.of(3, 4, 5),
                    List.of(9), List.<Integer>of())) {
                Set<Integer> sharers = new HashSet<>(ids);
                Set<Long> used = new HashSet<>();
                for (int domain = 0; domain < 5; domain++) {
                    Set<Integer> of = requesters.getOrDefault(unit + " " + domain, Set.of());
                    if (of.stream().anyMatch(ids::contains)) {
                        sharers.addAll(of);
                        used.addAll(pages.get(unit + " " + domain));
                    }
                }
                assertThat(inUse.sharers(unit, ids)).isEqualTo(sharers);
                assertThat(pagesOf(inUse.ranges(unit, ids))).isEqualTo(used);
            }
        }
    }

    private static Set<Long> pagesOf(Collection<AddressRange> ranges) {
        var pages = new HashSet<Long>();
        for (AddressRange range : ranges) {
            for (long at = range.start(); at < range.end(); at += PAGE) {
                pages.add(at / PAGE);
            }
        }
        return pages;
    }
}
