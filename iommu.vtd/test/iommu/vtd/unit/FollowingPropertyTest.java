// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.unit;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.pcie.Access;
import iommu.api.sim.RandomStream;
import iommu.api.unit.Translation;
import iommu.api.unit.WalkRecording;
import iommu.vtd.PasidEntry;
import iommu.vtd.ScalableContextEntry;
import iommu.vtd.VtdRegisters;
import iommu.vtd.unit.requests.Request;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Two units go through the same random edits of their tables, requests and invalidations. What one
 * is asked to follow, and to explain, before each request is what both then do, stale caches and
 * all, and the one that was asked stays like the other: in its answers, its registers and its
 * memory.
 */
class FollowingPropertyTest {

    private static final int STEPS = 6_000;
    private static final int PAGES = 6;
    private static final Map<String, Long> SMALL = Map.of("iotlbEntries", 8L,
            "structureCacheEntries", 2L, "contextCacheEntries", 4L);

    private final List<PasidBench> both = new ArrayList<>();
    private final List<Long> places = new ArrayList<>();
    private final List<Long> originals = new ArrayList<>();

    private static long iova(int page) {
        return PasidBench.IOVA + (page % 3) * 0x1000L + (page / 3) * 0x4000_0000L;
    }

    private static PasidBench bench(String kind, boolean cachingMode) {
        long cap = PasidBench.CAP | (cachingMode ? 1L << 7 : 0);
        var made = new PasidBench(cap, PasidBench.ECAP, SMALL);
        switch (kind) {
            case "first" -> made.useFirstStage();
            case "nested" -> made.useNested();
            default -> made.useSecondStage(PasidBench.IOVA, kind.equals("marked")
                    ? PasidEntry.SSADE.mask() : 0);
        }
        for (int page = 0; page < PAGES; page++) {
            if (made.first != 0) {
                made.mapFirst(iova(page), PasidBench.PAGE, PasidBench.RW_USER);
            } else {
                made.bench.map(made.second, iova(page), PasidBench.PAGE + page * 0x1000L, 3);
            }
        }
        return made;
    }

    private void collect(PasidBench b) {
        place(b, b.bench.rootEntry(Bench.DEVICE), 1);
        place(b, b.contextEntry(), 2);
        place(b, b.directory(), 1);
        place(b, b.entry(), 3);
        for (int page = 0; page < PAGES; page++) {
            for (int level = 1; level <= 4; level++) {
                if (b.first != 0) {
                    place(b, b.firstEntry(iova(page), level), 1);
                    if (b.second != 0) {
                        place(b, b.bench.entry(b.second, 4, PasidBench.PAGE, level), 1);
                    }
                } else {
                    place(b, b.bench.entry(b.second, 4, iova(page), level), 1);
                }
            }
        }
    }

    private void place(PasidBench b, long at, int words) {
        for (int word = 0; word < words; word++) {
            places.add(at + 8L * word);
            originals.add(b.bench.memory.read64(at + 8L * word));
        }
    }

    private void edit(RandomStream random) {
        int which = random.nextInt(places.size());
        long value = originals.get(which);
        if (random.oneIn(2)) {
            value ^= 1L << (random.oneIn(2) ? random.nextInt(12) : 12 + random.nextInt(52));
        }
        for (PasidBench b : both) {
            b.bench.memory.write64(places.get(which), value);
        }
    }

    private void restore() {
        for (int i = 0; i < places.size(); i++) {
            for (PasidBench b : both) {
                b.bench.memory.write64(places.get(i), originals.get(i));
            }
        }
    }

    private void invalidate(RandomStream random) {
        long[][] descriptors = {{0x11, 0}, {0x37, 0}, {0x12, 0}, {0x26 | 7L << 16, 0},
            {0x22 | 7L << 16, 0}};
        long[] chosen = descriptors[random.nextInt(descriptors.length)];
        for (PasidBench b : both) {
            b.bench.submit(chosen[0], chosen[1]);
        }
    }

    private boolean request(RandomStream random) {
        long address = iova(random.nextInt(PAGES)) + random.nextInt(0x400) * 4L;
        int access = 1 + random.nextInt(2);
        if (random.oneIn(5)) {
            access = Access.READ | random.nextInt(4) << 2;
        }
        int pasid = random.oneIn(5) ? Request.NO_PASID : PasidBench.PASID;
        if (pasid == Request.NO_PASID) {
            access &= Access.READ | Access.WRITE;
        }
        explain(both.get(0).bench, pasid, address, access);
        if (random.oneIn(8)) {
            long told = both.get(0).bench.unit.followTranslationRequest(Bench.DEVICE, pasid,
                    address, access, new WalkRecording());
            for (PasidBench b : both) {
                assertThat(b.bench.unit.translationRequest(Bench.DEVICE, pasid, address, access))
                        .isEqualTo(told);
            }
            return false;
        }
        long told = both.get(0).bench.unit.follow(Bench.DEVICE, pasid, address, access,
                new WalkRecording());
        for (PasidBench b : both) {
            long done = pasid == Request.NO_PASID
                    ? b.bench.unit.translate(Bench.DEVICE, address, access)
                    : b.bench.unit.translate(Bench.DEVICE, pasid, address, access);
            assertThat(done).isEqualTo(told);
        }
        return !Translation.isBlocked(told);
    }

    private static void explain(Bench one, int pasid, long address, int access) {
        if (pasid == Request.NO_PASID) {
            one.unit.explain(Bench.DEVICE, address, access, new WalkRecording());
        } else {
            one.unit.explain(Bench.DEVICE, pasid, address, access, new WalkRecording());
        }
    }

    @ParameterizedTest(name = "{0}, caching mode {1}, seed {2}")
    @CsvSource({"second, false, 1", "second, true, 2", "marked, false, 3", "first, false, 4",
        "first, true, 5", "nested, false, 6", "nested, true, 7", "nested, false, 8"})
    void followingTellsWhatComesAndChangesNothing(String kind, boolean cachingMode, long seed) {
        var random = new RandomStream(seed, "following");
        for (int i = 0; i < 2; i++) {
            both.add(bench(kind, cachingMode));
        }
        for (PasidBench b : both) {
            b.bench.memory.write64(b.contextEntry() + 8,
                    ScalableContextEntry.RID_PASID.with(0, PasidBench.PASID));
        }
        collect(both.get(0));
        int granted = 0;
        for (int step = 0; step < STEPS; step++) {
            switch (random.nextInt(12)) {
                case 0, 1 -> edit(random);
                case 2 -> invalidate(random);
                case 3 -> restore();
                default -> granted += request(random) ? 1 : 0;
            }
            for (PasidBench b : both) {
                b.bench.write(VtdRegisters.faultRecordHigh(PasidBench.CAP, 0), 1L << 63);
            }
        }
        assertThat(granted).isBetween(STEPS / 10, STEPS * 9 / 10);
        assertLikeEachOther();
    }

    private static Bench asQemu(boolean scalable) {
        Map<String, Long> settings = Map.of("cacheAsQemu", 1L, "walkAsQemu", 1L,
                "registersAsQemu", 1L, "iotlbEntries", 8L);
        Bench bench = scalable ? Bench.scalable(settings)
                : Bench.legacy(Bench.CAP, Bench.ECAP, settings);
        long table = scalable ? bench.pasid(Bench.DEVICE, Bench.DOMAIN, 0)
                : bench.context(Bench.DEVICE, Bench.DOMAIN, 4);
        for (int page = 0; page < PAGES; page++) {
            bench.map(table, page * 0x1000L, 0x100_0000 + page * 0x1000L, 3);
        }
        return bench;
    }

    private static List<Long> placesOf(Bench bench, boolean scalable) {
        var all = new ArrayList<Long>();
        all.add(bench.rootEntry(Bench.DEVICE));
        long context = scalable ? bench.scalableContextEntry(Bench.DEVICE)
                : bench.contextEntry(Bench.DEVICE);
        all.add(context);
        all.add(context + 8);
        if (scalable) {
            all.add(bench.pasidEntry(Bench.DEVICE, 0));
        }
        long table = (scalable ? bench.memory.read64(bench.pasidEntry(Bench.DEVICE, 0))
                : bench.memory.read64(context)) & ~0xfffL;
        for (int page = 0; page < PAGES; page++) {
            for (int level = 1; level <= 4; level++) {
                all.add(bench.entry(table, 4, page * 0x1000L, level));
            }
        }
        return all;
    }

    @ParameterizedTest(name = "scalable {0}, seed {1}")
    @CsvSource({"false, 1", "false, 2", "true, 3", "true, 4"})
    void soItDoesInTheOrderOfQemu(boolean scalable, long seed) {
        var random = new RandomStream(seed, "following qemu");
        Bench[] benches = {asQemu(scalable), asQemu(scalable)};
        List<Long> at = placesOf(benches[0], scalable);
        long[] whole = at.stream().mapToLong(benches[0].memory::read64).toArray();
        int granted = 0;
        for (int step = 0; step < STEPS; step++) {
            int which = random.nextInt(at.size());
            long flipped = random.oneIn(2) ? whole[which]
                    : whole[which] ^ 1L << random.nextInt(random.oneIn(2) ? 12 : 64);
            int kind = random.nextInt(10);
            long address = random.nextInt(PAGES) * 0x1000L + random.nextInt(0x1000);
            int access = 1 + random.nextInt(2);
            long told = benches[0].unit.follow(Bench.DEVICE, -1, address, access,
                    new WalkRecording());
            explain(benches[0], Request.NO_PASID, address, access);
            for (Bench b : benches) {
                switch (kind) {
                    case 0, 1 -> b.memory.write64(at.get(which), flipped);
                    case 2 -> b.invalidateContexts();
                    case 3 -> b.invalidateIotlb();
                    case 4 -> {
                        for (int i = 0; i < whole.length; i++) {
                            b.memory.write64(at.get(i), whole[i]);
                        }
                    }
                    default -> assertThat(b.translate(address, access)).isEqualTo(told);
                }
                b.write(VtdRegisters.faultRecordHigh(b.cap, 0), 1L << 63);
            }
            granted += Translation.isBlocked(told) ? 0 : 1;
        }
        assertThat(granted).isBetween(STEPS / 10, STEPS * 9 / 10);
        assertThat(benches[0].blocked).isEqualTo(benches[1].blocked);
    }

    private void assertLikeEachOther() {
        Bench one = both.get(0).bench;
        Bench other = both.get(1).bench;
        for (int offset = 0; offset < 0x1000; offset += 4) {
            assertThat(one.unit.readRegister(offset, 4)).as("register %x", offset)
                    .isEqualTo(other.unit.readRegister(offset, 4));
        }
        assertThat(one.blocked).isEqualTo(other.blocked);
        byte[] a = new byte[0x20_0000];
        byte[] b = new byte[0x20_0000];
        one.memory.read(0x10_0000, a, 0, a.length);
        other.memory.read(0x10_0000, b, 0, b.length);
        assertThat(a).isEqualTo(b);
    }
}
