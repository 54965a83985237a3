// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.linux;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.pcie.Access;
import iommu.api.sim.RandomStream;
import iommu.api.unit.AdoptDepth;
import iommu.api.unit.StepRefusedException;
import iommu.api.unit.Translation;
import iommu.vtd.linux.settings.ScalableMode;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Random maps and unmaps of a strict kernel: at every instant the unit answers what the kernel
 * meant, for each function alone, whatever its caches hold; and a second kernel may take over in
 * between.
 */
class StrictKernelPropertyTest {

    private static final int FUNCTIONS = 5;
    private static final int PAGES = 40;

    private final Map<Long, Long> meant = new HashMap<>();
    private BenchKernel bench;

    private static int requester(int function) {
        return function + 1 << 8;
    }

    private static long key(int function, long page) {
        return (long) function << 32 | page;
    }

    private void check(int function, long page) {
        long t = bench.unit.translate(requester(function), page * 0x1000, Access.WRITE);
        Long to = meant.get(key(function, page));
        assertThat(Translation.isBlocked(t)).isEqualTo(to == null);
        if (to != null) {
            assertThat(Translation.address(t)).isEqualTo(to);
        }
    }

    private void step(LinuxVtdDriver driver, RandomStream random) {
        int function = random.nextInt(FUNCTIONS);
        int first = random.nextInt(PAGES);
        int count = 1 + random.nextInt(4);
        boolean free = true;
        boolean all = true;
        for (int i = 0; i < count; i++) {
            boolean mapped = meant.containsKey(key(function, first + i));
            free &= !mapped;
            all &= mapped;
        }
        if (free) {
            long to = 0x10_0000 + random.nextInt(0x80) * 0x1000L;
            driver.map(requester(function), first * 0x1000L, to, count * 0x1000L, Access.WRITE);
            for (int i = 0; i < count; i++) {
                meant.put(key(function, first + i), to + i * 0x1000L);
            }
        } else if (all) {
            driver.unmap(requester(function), first * 0x1000L, count * 0x1000L);
            for (int i = 0; i < count; i++) {
                meant.remove(key(function, first + i));
            }
        }
        for (int look = 0; look < 6; look++) {
            check(random.nextInt(FUNCTIONS), random.nextInt(PAGES + 4));
        }
    }

    @ParameterizedTest(name = "seed {0}, {1}")
    @CsvSource({"1, OFF", "2, OFF", "3, OFF", "4, ON", "5, ON"})
    void theUnitAlwaysAnswersWhatTheKernelMeant(long seed, ScalableMode mode)
            throws StepRefusedException {
        var random = new RandomStream(seed, "strict");
        bench = BenchKernel.scalable();
        LinuxVtdDriver first = bench.firstKernel(mode);
        for (int i = 0; i < 2_000; i++) {
            step(first, random);
        }
        assertThat(bench.console).noneMatch(line -> line.contains("ERROR"));
        Map<Long, Long> old = Map.copyOf(meant);

        bench.captureKernelPages();
        LinuxVtdDriver second = bench.driver();
        second.initialiseInterrupts();
        second.adoptTables(AdoptDepth.CONTEXTS);
        for (int function = 0; function < FUNCTIONS; function++) {
            for (int page = 0; page < PAGES + 4; page++) {
                check(function, page);
            }
        }
        assertThat(bench.switched).isEqualTo(List.of());
        assertThat(meant).isEqualTo(old);
    }

    @ParameterizedTest(name = "seed {0}")
    @CsvSource({"11", "12", "13"})
    void afterTakingOverALegacyUnitOnlyTheNewMappingsOfAFunctionCount(long seed)
            throws StepRefusedException {
        var random = new RandomStream(seed, "takeover");
        bench = BenchKernel.legacy();
        LinuxVtdDriver first = bench.firstKernel(ScalableMode.OFF);
        for (int i = 0; i < 500; i++) {
            step(first, random);
        }
        bench.captureKernelPages();
        LinuxVtdDriver second = bench.driver();
        second.initialiseInterrupts();
        second.adoptTables(AdoptDepth.CONTEXTS);
        for (int function = 0; function < FUNCTIONS; function++) {
            int taken = function;
            meant.keySet().removeIf(k -> k >>> 32 == taken);
            long iova = 0x1000L * random.nextInt(PAGES);
            second.map(requester(function), iova, 0x210_0000, 0x1000, Access.WRITE);
            meant.put(key(function, iova >>> 12), 0x210_0000L);
            for (int other = 0; other < FUNCTIONS; other++) {
                for (int page = 0; page < PAGES + 4; page++) {
                    check(other, page);
                }
            }
        }
        for (int i = 0; i < 500; i++) {
            step(second, random);
        }
    }
}
