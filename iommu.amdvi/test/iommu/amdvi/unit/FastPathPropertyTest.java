// SPDX-License-Identifier: Apache-2.0
package iommu.amdvi.unit;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.amdvi.AmdViRegisters;
import iommu.amdvi.Command;
import iommu.api.pcie.Access;
import iommu.api.sim.RandomStream;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Units with and without the fast path answer alike, whatever is done to tables and caches. */
class FastPathPropertyTest {

    private static final int[] DEVICES = {0x28, 0x29, 0x30};
    private static final long LARGE = 0x20_0000;

    /** Small caches replace their entries all the time, large ones never. */
    @ParameterizedTest
    @CsvSource({"1, 4", "2, 8", "3, 16", "4, 64", "5, 1024", "6, 1024"})
    void theFastPathChangesNoAnswer(long seed, long entries) {
        var sizes = Map.of("tlbEntries", entries, "dteCacheEntries", 4L,
                "directoryCacheEntries", entries);
        var with = new Side(sizes, seed);
        var settings = new java.util.HashMap<>(sizes);
        settings.put("front", 0L);
        var without = new Side(settings, seed);
        for (int step = 0; step < 20_000; step++) {
            assertThat(with.step()).as("step " + step).isEqualTo(without.step());
        }
        assertThat(with.fixture.blocked).isNotEmpty().isEqualTo(without.fixture.blocked);
        assertThat(with.translated).as("most requests").isGreaterThan(5_000);
    }

    /** One unit with its own copy of the same random decisions. */
    private static final class Side {
        private final Fixture fixture;
        private final RandomStream random;
        private final long[] roots = new long[2];
        private int translated;

        private Side(Map<String, Long> settings, long seed) {
            fixture = Fixture.on(settings);
            random = new RandomStream(seed, "amdvi front");
            for (int r = 0; r < roots.length; r++) {
                roots[r] = fixture.domain(DEVICES[r], 5 + r, 3);
                for (int page = 0; page < 24; page++) {
                    map(r, page);
                }
            }
        }

        private void map(int root, int page) {
            fixture.map(roots[root], page * 0x1000L, 0x100_0000 + random.nextInt(16) * 0x1000L,
                    random.oneIn(4) ? random.nextInt(4) : 3);
        }

        private long address() {
            long page = random.oneIn(8) ? LARGE + random.nextInt(8) * 0x1000L
                    : random.nextInt(26) * 0x1000L;
            return (random.oneIn(50) ? 1L << 30 + random.nextInt(33) : 0) | page
                    | random.nextInt(4096);
        }

        private long step() {
            if (!random.oneIn(12)) {
                long outcome = fixture.unit.translate(DEVICES[random.nextInt(3)], address(),
                        random.oneIn(2) ? Access.READ : Access.WRITE);
                translated += outcome >= 0 ? 1 : 0;
                return outcome;
            }
            change();
            return 0;
        }

        private void change() {
            int root = random.nextInt(2);
            int device = DEVICES[random.nextInt(3)];
            switch (random.nextInt(10)) {
                case 0, 1, 2 -> map(root, random.nextInt(24));
                case 3 -> fixture.memory.write64(fixture.entry(roots[root], 3, LARGE, 2),
                        Fixture.leaf(LARGE * (4 + random.nextInt(2)), 3));
                case 4 -> fixture.entry(device, 5 + random.nextInt(2), random.oneIn(3) ? 0 : 3,
                        roots[root], random.oneIn(3) ? random.nextInt(4) : 3);
                case 5 -> fixture.invalidateEntry(device);
                case 6 -> fixture.invalidatePages(5 + root, Command.pages(address() & 0x1ff_f000,
                        0x1000L << random.nextInt(4), random.oneIn(2)));
                case 7 -> fixture.invalidateDomain(5 + root);
                case 8 -> {
                    fixture.write(AmdViRegisters.EXCLUSION_LIMIT, random.nextInt(8) * 0x1000L);
                    fixture.write(AmdViRegisters.EXCLUSION_BASE,
                            random.nextInt(8) * 0x1000L | random.nextInt(4));
                }
                default -> {
                    fixture.control(random.oneIn(2) ? 0 : Fixture.RUNNING);
                    fixture.control(Fixture.RUNNING);
                    fixture.invalidateAll();
                }
            }
        }
    }
}
