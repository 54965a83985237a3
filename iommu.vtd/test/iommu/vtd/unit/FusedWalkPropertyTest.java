// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.unit;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.pcie.Access;
import iommu.api.sim.RandomStream;
import iommu.api.unit.Translation;
import iommu.api.unit.WalkListener;
import iommu.vtd.PasidEntry;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * The fused walk, which requests take first, and the numbered steps, which {@code explain} takes,
 * agree over tables of random bits: on page, size and reason.
 */
class FusedWalkPropertyTest {

    private static final int ROUNDS = 20_000;
    private static final long IOVA = 0x12_3456_7000L;

    private static long entry(RandomStream random, long next, int level) {
        long entry = next | 3;
        if (random.oneIn(6)) {
            entry ^= 1L << random.nextInt(64);
        }
        if (random.oneIn(8)) {
            entry = entry & ~3L | random.nextInt(4);
        }
        if (level > 1 && random.oneIn(10)) {
            entry = entry & 0x7_ffff_c000_0000L | 0x83;
        }
        if (level == 1 && random.oneIn(10)) {
            entry = 0xfee0_0000L | random.nextInt(512) << 12 | 3;
        }
        return random.oneIn(40) ? Bench.OUTSIDE | 3 : entry | random.nextInt(4) << 8;
    }

    @ParameterizedTest(name = "accessed bits {0}, seed {1}")
    @CsvSource({"false, 1", "false, 2", "false, 3", "true, 4", "true, 5", "true, 6"})
    void bothWalksAgree(boolean marks, long seed) {
        var random = new RandomStream(seed, "fused");
        var pasid = PasidBench.secondStage(IOVA, marks ? PasidEntry.SSADE.mask() : 0,
                Map.of("structureCacheEntries", 0L, "hostAddressWidth", 46L));
        Bench bench = pasid.bench;
        long[] at = new long[5];
        long[] next = new long[5];
        for (int level = 1; level <= 4; level++) {
            at[level] = bench.entry(pasid.second, 4, IOVA, level);
            next[level] = bench.memory.read64(at[level]) & ~0xfffL;
        }
        int translated = 0;
        for (int round = 0; round < ROUNDS; round++) {
            for (int level = 1; level <= 4; level++) {
                bench.memory.write64(at[level], entry(random, next[level], level));
            }
            int access = random.oneIn(10) ? random.nextInt(4) : 1 + random.nextInt(2);
            long address = IOVA + random.nextInt(512) * 8L;
            long explained = bench.unit.explain(Bench.DEVICE, PasidBench.PASID, address, access,
                    WalkListener.NONE);
            assertThat(pasid.translate(address, access)).isEqualTo(explained);
            translated += Translation.isBlocked(explained) ? 0 : 1;
            if (!Translation.isBlocked(explained) && marks && (access & Access.WRITE) != 0) {
                int leaf = (Translation.pageShift(explained) - 3) / 9;
                assertThat(bench.memory.read64(at[leaf]) & 0x300).isEqualTo(0x300);
            }
            bench.submit(0x210022, 0);
        }
        assertThat(translated).isBetween(ROUNDS / 10, ROUNDS * 9 / 10);
    }
}
