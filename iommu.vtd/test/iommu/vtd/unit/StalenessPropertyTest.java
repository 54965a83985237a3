// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.unit;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.pcie.Access;
import iommu.api.sim.RandomStream;
import iommu.api.unit.Translation;
import iommu.api.unit.WalkListener;
import iommu.vtd.VtdRegisters;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Random edits, requests and invalidations: an answer is what the tables hold now, or what they
 * held at some time since the last invalidation that named it; never anything else.
 */
class StalenessPropertyTest {

    private static final int SOURCES = 4;
    private static final int PAGES = 24;
    private static final long NOTHING = 0;

    private final Bench bench = Bench.legacy(Bench.CAP, Bench.ECAP, Map.of("iotlbEntries", 16L));
    private final long[] tables = new long[2];
    private final Map<Long, Set<Long>> possible = new HashMap<>();

    private static long key(int domain, int page) {
        return (long) domain << 32 | page;
    }

    private int domain(int source) {
        return source & 1;
    }

    private long held(int domain, int page) {
        long leaf = bench.memory.read64(bench.entry(tables[domain], 4, page * 0x1000L, 1));
        return leaf & ~0xfffL;
    }

    private void forget(int domain, int firstPage, int pages) {
        for (int page = firstPage; page < Math.min(PAGES, firstPage + pages); page++) {
            possible.put(key(domain, page), new HashSet<>(Set.of(held(domain, page))));
        }
    }

    private void edit(RandomStream random) {
        int domain = random.nextInt(2);
        int page = random.nextInt(PAGES);
        long to = random.oneIn(3) ? NOTHING : 0x100_0000 + random.nextInt(1 << 10) * 0x1000L;
        bench.map(tables[domain], page * 0x1000L, to, to == NOTHING ? 0 : 3);
        possible.get(key(domain, page)).add(to);
    }

    private void request(RandomStream random) {
        int source = random.nextInt(SOURCES);
        int page = random.nextInt(PAGES);
        int access = 1 + random.nextInt(2);
        long address = page * 0x1000L + random.nextInt(0x400) * 4L;
        long t = bench.unit.translate(0x100 + source * 8, address, access);
        long got = Translation.isBlocked(t) ? NOTHING : Translation.address(t) & ~0xfffL;
        assertThat(possible.get(key(domain(source), page))).contains(got);
        if (got != NOTHING) {
            assertThat(Translation.address(t) & 0xfff).isEqualTo(address & 0xfff);
        }
        long explained = bench.unit.explain(0x100 + source * 8, address, access,
                WalkListener.NONE);
        long now = Translation.isBlocked(explained) ? NOTHING
                : Translation.address(explained) & ~0xfffL;
        assertThat(now).isEqualTo(held(domain(source), page));
    }

    private void invalidate(RandomStream random) {
        int domain = random.nextInt(2);
        switch (random.nextInt(3)) {
            case 0 -> {
                bench.invalidateIotlb();
                forget(0, 0, PAGES);
                forget(1, 0, PAGES);
            }
            case 1 -> {
                bench.write(VtdRegisters.iotlb(bench.ecap),
                        VtdRegisters.IVT.mask() | 2L << 60 | domain + 1L << 32);
                forget(domain, 0, PAGES);
            }
            default -> {
                int mask = random.nextInt(4);
                int page = random.nextInt(PAGES) >>> mask << mask;
                bench.write(VtdRegisters.iva(bench.ecap), page * 0x1000L | mask);
                bench.write(VtdRegisters.iotlb(bench.ecap),
                        VtdRegisters.IVT.mask() | 3L << 60 | domain + 1L << 32);
                forget(domain, page, 1 << mask);
            }
        }
    }

    @ParameterizedTest(name = "seed {0}")
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
    void anAnswerIsNeverOlderThanTheLastInvalidationOfIt(long seed) {
        var random = new RandomStream(seed, "staleness");
        for (int domain = 0; domain < 2; domain++) {
            tables[domain] = bench.page();
            forgetEmpty(domain);
        }
        for (int source = 0; source < SOURCES; source++) {
            bench.context(0x100 + source * 8, domain(source) + 1, 4, 0, tables[domain(source)]);
        }
        for (int step = 0; step < 5_000; step++) {
            switch (random.nextInt(8)) {
                case 0, 1 -> edit(random);
                case 2 -> invalidate(random);
                default -> request(random);
            }
        }
        bench.invalidateIotlb();
        forget(0, 0, PAGES);
        forget(1, 0, PAGES);
        for (int i = 0; i < 500; i++) {
            request(random);
        }
        assertThat(bench.read(VtdRegisters.GSTS)).isEqualTo(0xc000_0000L);
        assertThat(bench.unit.translate(0x100, 0, Access.READ)).isEqualTo(
                bench.unit.explain(0x100, 0, Access.READ, WalkListener.NONE));
    }

    private void forgetEmpty(int domain) {
        for (int page = 0; page < PAGES; page++) {
            possible.put(key(domain, page), new HashSet<>(Set.of(NOTHING)));
        }
    }
}
