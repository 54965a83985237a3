// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.unit;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.util.Map;
import org.junit.jupiter.api.Test;

class AllocationTest {

    private static final int ROUNDS = 3;
    private static final int TRANSLATIONS = 1_000_000;

    private static long translate(Bench bench, int pages) {
        long sum = 0;
        for (int i = 0; i < TRANSLATIONS; i++) {
            sum += bench.unit.translate(Bench.DEVICE + (i & 1) * 8, (i % pages) * 0x1000L, 1);
        }
        return sum;
    }

    private static Bench bench(boolean scalable, Map<String, Long> settings, int pages) {
        var bench = scalable ? Bench.scalable(settings)
                : Bench.legacy(Bench.CAP, Bench.ECAP, settings);
        for (int d = 0; d < 2; d++) {
            int source = Bench.DEVICE + d * 8;
            long table = scalable ? bench.pasid(source, 7 + d, 0) : bench.context(source, 7 + d, 4);
            for (int i = 0; i < pages; i++) {
                bench.map(table, i * 0x1000L, 0x100_0000 + i * 0x1000L, 3);
            }
        }
        return bench;
    }

    private static void allocatesNothing(Bench bench, int pages) {
        var threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long warm = translate(bench, pages);
        long before = threads.getCurrentThreadAllocatedBytes();
        long overhead = threads.getCurrentThreadAllocatedBytes() - before;
        long allocated = Long.MAX_VALUE;
        // the compiler gives up a guess now and then and makes an object that it had done without
        for (int round = 0; round < ROUNDS && allocated != 0; round++) {
            before = threads.getCurrentThreadAllocatedBytes();
            long again = translate(bench, pages);
            allocated = threads.getCurrentThreadAllocatedBytes() - before - overhead;
            assertThat(again).isEqualTo(warm);
        }
        assertThat(bench.blocked).isEmpty();
        assertThat(allocated).as("bytes in a million translations").isZero();
    }

    @Test
    void aMillionHitsAllocateNothing() {
        allocatesNothing(bench(false, Map.of(), 64), 64);
    }

    @Test
    void aMillionWalksAllocateNothing() {
        var tiny = Map.of("iotlbEntries", 4L, "contextCacheEntries", 4L);
        allocatesNothing(bench(false, tiny, 500), 500);
        allocatesNothing(bench(true, tiny, 500), 500);
    }

    /** Half of them asked, half of them translated by the device. */
    private static long byDevice(Bench bench) {
        long sum = 0;
        for (int i = 0; i < TRANSLATIONS; i++) {
            long page = (i % 64) * 0x1000L;
            sum += (i & 1) == 0 ? bench.unit.translationRequest(Bench.DEVICE, -1, page, 3)
                    : bench.unit.translated(Bench.DEVICE, -1, 0x100_0000 + page, 2);
        }
        return sum;
    }

    @Test
    void aMillionRequestsOfADeviceThatTranslatesAllocateNothing() {
        var bench = Bench.legacy(Bench.CAP, Bench.deviceTlbEcap(), Map.of());
        long table = bench.context(Bench.DEVICE, 7, 4);
        long entry = bench.contextEntry(Bench.DEVICE);
        bench.memory.write64(entry, bench.memory.read64(entry) | 1 << 2);
        for (int i = 0; i < 64; i++) {
            bench.map(table, i * 0x1000L, 0x100_0000 + i * 0x1000L, 3);
        }
        var threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long warm = byDevice(bench);
        long before = threads.getCurrentThreadAllocatedBytes();
        long overhead = threads.getCurrentThreadAllocatedBytes() - before;
        before = threads.getCurrentThreadAllocatedBytes();
        long again = byDevice(bench);
        long allocated = threads.getCurrentThreadAllocatedBytes() - before - overhead;
        assertThat(again).isEqualTo(warm);
        assertThat(bench.blocked).isEmpty();
        assertThat(allocated).as("bytes in a million requests").isZero();
    }

    @Test
    void aMillionFirstStageAndNestedWalksAllocateNothing() {
        var tiny = Map.of("iotlbEntries", 4L, "contextCacheEntries", 4L, "structureCacheEntries",
                4L);
        for (var bench : new PasidBench[] {PasidBench.firstStage(tiny), PasidBench.nested(tiny)}) {
            for (int i = 0; i < 300; i++) {
                bench.mapFirst(i * 0x1000L, PasidBench.PAGE, PasidBench.RW_USER);
            }
            var threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
            long warm = walk(bench);
            long before = threads.getCurrentThreadAllocatedBytes();
            long overhead = threads.getCurrentThreadAllocatedBytes() - before;
            before = threads.getCurrentThreadAllocatedBytes();
            long again = walk(bench);
            long allocated = threads.getCurrentThreadAllocatedBytes() - before - overhead;
            assertThat(again).isEqualTo(warm);
            assertThat(bench.bench.blocked).isEmpty();
            assertThat(allocated).as("bytes in a million translations").isZero();
        }
    }

    private static long walk(PasidBench bench) {
        long sum = 0;
        for (int i = 0; i < TRANSLATIONS; i++) {
            sum += bench.translate(i % 300 * 0x1000L, 1 + (i & 1));
        }
        return sum;
    }
}
