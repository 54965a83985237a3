// SPDX-License-Identifier: Apache-2.0
package iommu.amdvi.unit;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.amdvi.Command;
import iommu.amdvi.EventCode;
import iommu.api.sim.RandomStream;
import iommu.api.unit.WalkListener;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Random edits, requests and invalidations: an answer is what the tables hold now, or what they
 * held at some time since the last command that named it; never anything else.
 */
class StalenessPropertyTest {

    private static final int DEVICES = 4;
    private static final int PAGES = 24;
    private static final long FAULT = -EventCode.IO_PAGE_FAULT.number();

    private final Fixture fixture = Fixture.on(Map.of("tlbEntries", 16L, "directoryCacheEntries",
            4L));
    private final long[] roots = new long[2];
    private final Map<Long, Set<Long>> possible = new HashMap<>();

    private static long key(int domain, int page) {
        return (long) domain << 32 | page;
    }

    private static int domain(int device) {
        return device & 1;
    }

    private long place(int domain, int page) {
        return fixture.entry(roots[domain], 3, page * 0x1000L, 1);
    }

    private long held(int domain, int page) {
        long leaf = fixture.memory.read64(place(domain, page));
        return leaf == 0 ? FAULT : leaf & 0xf_ffff_f000L;
    }

    private void forget(int domain, int first, int pages) {
        for (int page = Math.max(0, first); page < Math.min(PAGES, first + pages); page++) {
            possible.put(key(domain, page), new HashSet<>(Set.of(held(domain, page))));
        }
    }

    private void edit(RandomStream random) {
        int domain = random.nextInt(2);
        int page = random.nextInt(PAGES);
        long to = 0x100_0000 + random.nextInt(1 << 10) * 0x1000L;
        fixture.memory.write64(place(domain, page), random.oneIn(3) ? 0 : Fixture.leaf(to, 3));
        possible.get(key(domain, page)).add(held(domain, page));
    }

    private void request(RandomStream random) {
        int device = random.nextInt(DEVICES);
        int page = random.nextInt(PAGES);
        long address = page * 0x1000L + random.nextInt(4096);
        long got = Fixture.outcome(fixture.unit.translate(device, address, 1 + random.nextInt(2)));
        long asPage = got < 0 ? got : got & -4096L;
        assertThat(possible.get(key(domain(device), page))).contains(asPage);
        if (got >= 0) {
            assertThat(got & 0xfff).isEqualTo(address & 0xfff);
        }
        long now = Fixture.outcome(fixture.unit.explain(device, address, 1, WalkListener.NONE));
        assertThat(now < 0 ? now : now & -4096L).isEqualTo(held(domain(device), page));
    }

    private void invalidate(RandomStream random) {
        int domain = random.nextInt(2);
        switch (random.nextInt(4)) {
            case 0 -> {
                int shift = random.nextInt(5);
                int first = random.nextInt(PAGES) >> shift << shift;
                fixture.invalidatePages(5 + domain,
                        Command.pages(first * 0x1000L, 0x1000L << shift, random.oneIn(2)));
                forget(domain, first, 1 << shift);
            }
            case 1 -> {
                fixture.invalidateDomain(5 + domain);
                forget(domain, 0, PAGES);
            }
            case 2 -> fixture.invalidateEntry(random.nextInt(DEVICES));
            default -> {
                fixture.invalidateAll();
                forget(0, 0, PAGES);
                forget(1, 0, PAGES);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
    void answersAreThoseOfNowOrOfSinceTheLastInvalidation(long seed) {
        var random = new RandomStream(seed, "amdvi staleness");
        for (int d = 0; d < 2; d++) {
            roots[d] = fixture.page();
            forget(d, 0, PAGES);
        }
        for (int device = 0; device < DEVICES; device++) {
            fixture.entry(device, 5 + domain(device), 3, roots[domain(device)], Fixture.RW);
        }
        for (int step = 0; step < 3_000; step++) {
            int kind = random.nextInt(10);
            if (kind < 3) {
                edit(random);
            } else if (kind < 9) {
                request(random);
            } else {
                invalidate(random);
            }
        }
        fixture.invalidateAll();
        for (int page = 0; page < PAGES; page++) {
            assertThat(fixture.memory.read64(place(0, page)) == 0 ? FAULT : held(0, page))
                    .isEqualTo(Fixture.outcome(fixture.unit.translate(0, page * 0x1000L, 1)));
        }
    }
}
