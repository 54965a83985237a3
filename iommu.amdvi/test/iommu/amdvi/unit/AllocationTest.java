// SPDX-License-Identifier: Apache-2.0
package iommu.amdvi.unit;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Neither hits nor walks allocate. */
class AllocationTest {

    private static final int TRANSLATIONS = 1_000_000;

    private static Fixture fixture(Map<String, Long> settings, int pages) {
        var fixture = Fixture.on(settings);
        for (int d = 0; d < 2; d++) {
            long root = fixture.domain(Fixture.DEVICE + d, 7 + d, 3);
            for (int i = 0; i < pages; i++) {
                fixture.map(root, i * 0x1000L, 0x100_0000 + i * 0x1000L, 3);
            }
        }
        return fixture;
    }

    private static long translate(Fixture fixture, int pages) {
        long sum = 0;
        for (int i = 0; i < TRANSLATIONS; i++) {
            sum += fixture.unit.translate(Fixture.DEVICE + (i & 1), i % pages * 0x1000L, 1);
        }
        return sum;
    }

    private static void allocatesNothing(Fixture fixture, int pages) {
        var threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long warm = translate(fixture, pages);
        long before = threads.getCurrentThreadAllocatedBytes();
        long overhead = threads.getCurrentThreadAllocatedBytes() - before;
        long allocated = Long.MAX_VALUE;
        // The compiler may allocate on our account once in a while, translations would each time.
        for (int round = 0; round < 3; round++) {
            before = threads.getCurrentThreadAllocatedBytes();
            long again = translate(fixture, pages);
            allocated = Math.min(allocated,
                    threads.getCurrentThreadAllocatedBytes() - before - overhead);
            assertThat(again).isEqualTo(warm);
        }
        assertThat(fixture.blocked).isEmpty();
        assertThat(allocated).as("bytes in a million translations").isZero();
    }

    @Test
    void aMillionHitsAllocateNothing() {
        allocatesNothing(fixture(Map.of(), 64), 64);
    }

    @Test
    void aMillionWalksAllocateNothing() {
        allocatesNothing(fixture(Map.of("tlbEntries", 4L, "dteCacheEntries", 4L,
                "directoryCacheEntries", 4L), 500), 500);
    }
}
