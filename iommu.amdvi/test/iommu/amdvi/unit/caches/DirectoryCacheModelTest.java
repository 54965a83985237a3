// SPDX-License-Identifier: Apache-2.0
package iommu.amdvi.unit.caches;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.amdvi.PageTableEntry;
import iommu.api.sim.RandomStream;
import iommu.testkit.seeds.Seeds;
import java.util.HashMap;
import java.util.Map;

/** The cache of page directory entries beside a map of all that was put into it. */
class DirectoryCacheModelTest {
    private static final int ENTRIES = 16;
    private final DirectoryCache cache = new DirectoryCache(ENTRIES);
    private final Map<Key, Long> kept = new HashMap<>();
    private RandomStream random;

    private record Key(int domain, int level, long prefix) {
        static Key of(int domain, long address, int level) {
            return new Key(domain, level, address >>> PageTableEntry.shift(level + 1));
        }
    }

    private long drawnAddress() {
        return (long) random.nextInt(6) << 21 | (long) random.nextInt(3) << 30
                | random.nextInt(1 << 21);
    }

    private void insert(int domain, long address) {
        int level = 1 + random.nextInt(3);
        if (cache.at(domain, address, level) == DirectoryCache.NONE) {
            long table = (long) (1 + random.nextInt(1 << 20)) << 12;
            int rights = random.nextInt(4);
            cache.insert(domain, address, level, table, rights);
            kept.put(Key.of(domain, address, level), table | rights);
            long known = cache.at(domain, address, level);
            assertThat(DirectoryCache.table(known) | DirectoryCache.rights(known))
                    .isEqualTo(table | rights);
        }
    }

    /** What is found is what was put there last, and the lowest level is found first. */
    private void finds(int domain, long address) {
        int lowest = 0;
        for (int level = 3; level > 0; level--) {
            long known = cache.at(domain, address, level);
            if (known != DirectoryCache.NONE) {
                lowest = level;
                assertThat(DirectoryCache.table(known) | DirectoryCache.rights(known))
                        .isEqualTo(kept.get(Key.of(domain, address, level)));
            }
        }
        long found = cache.find(domain, address, 4);
        assertThat(found == DirectoryCache.NONE ? 0 : DirectoryCache.level(found))
                .isEqualTo(lowest);
        int slot = cache.lowest(domain, address);
        assertThat(slot >= 0).isEqualTo(lowest == 1);
        if (slot >= 0) {
            assertThat(cache.known(slot)).isEqualTo(found);
            placeIsOf(slot, (int) (DirectoryCache.table(found) >>> 12));
        }
    }

    /** What is noted of a table is gone with it, and no copy has it. */
    private void placeIsOf(int slot, int place) {
        assertThat(cache.place(slot)).isIn(-1, place);
        cache.place(slot, place);
        assertThat(cache.place(slot)).isEqualTo(place);
        assertThat(new DirectoryCache(cache).place(slot)).isEqualTo(-1);
    }

    private void drops(int domain, long address) {
        int shift = 12 + random.nextInt(24);
        cache.invalidate(domain, address >>> shift << shift, shift);
        for (int level = 1; level <= 3; level++) {
            assertThat(cache.at(domain, address, level)).isEqualTo(DirectoryCache.NONE);
        }
    }

    @Seeds(count = 20)
    void keepsWhatItWasGiven(long seed) {
        random = new RandomStream(seed, "amd directories");
        for (int i = 0; i < 600; i++) {
            int domain = 1 + random.nextInt(3);
            long address = drawnAddress();
            switch (random.nextInt(8)) {
                case 0 -> drops(domain, address);
                case 1, 2, 3 -> finds(domain, address);
                default -> insert(domain, address);
            }
            if (random.oneIn(200)) {
                cache.invalidateAll();
                assertThat(cache.slots()).as("nothing to look at").isZero();
                assertThat(cache.find(domain, address, 4)).isEqualTo(DirectoryCache.NONE);
            }
        }
    }
}
