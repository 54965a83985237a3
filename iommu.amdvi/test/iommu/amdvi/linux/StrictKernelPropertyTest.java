// SPDX-License-Identifier: Apache-2.0
package iommu.amdvi.linux;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.pcie.Access;
import iommu.api.sim.RandomStream;
import iommu.api.unit.AdoptDepth;
import iommu.api.unit.StepRefusedException;
import iommu.api.unit.Translation;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Random maps and unmaps of a strict kernel: at every instant the unit answers what the kernel
 * meant, for each function alone, whatever its caches hold; and a second kernel may take over in
 * between.
 */
class StrictKernelPropertyTest {

    private static final int FUNCTIONS = 5;
    private static final int PAGES = 40;

    private final KernelFixture fixture = new KernelFixture();
    private final Map<Integer, Long> meant = new HashMap<>();

    private static int requester(int function) {
        return 0x40 + function * 8;
    }

    private static int key(int function, int page) {
        return function << 16 | page;
    }

    private void check(int function, int page) {
        long t = fixture.unit.translate(requester(function), page * 0x1000L, Access.WRITE);
        Long to = meant.get(key(function, page));
        assertThat(Translation.isBlocked(t)).isEqualTo(to == null);
        if (to != null) {
            assertThat(Translation.address(t)).isEqualTo(to);
        }
    }

    private void step(LinuxAmdViDriver driver, RandomStream random) {
        int function = random.nextInt(FUNCTIONS);
        int page = random.nextInt(PAGES);
        if (meant.remove(key(function, page)) != null) {
            driver.unmap(requester(function), page * 0x1000L, 0x1000);
        } else {
            long to = 0x100_0000 + random.nextInt(1 << 10) * 0x1000L;
            driver.map(requester(function), page * 0x1000L, to, 0x1000, KernelFixture.RW);
            meant.put(key(function, page), to);
        }
        check(function, page);
        check(random.nextInt(FUNCTIONS), random.nextInt(PAGES));
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6})
    void whatTheKernelMeantIsWhatTheUnitDoes(long seed) throws StepRefusedException {
        var random = new RandomStream(seed, "amdvi strict kernel");
        fixture.aliases.put(requester(3), List.of(requester(3), 0x100));
        LinuxAmdViDriver driver = fixture.firstKernel();
        for (int i = 0; i < 600; i++) {
            step(driver, random);
        }
        fixture.captureKernelPages();
        LinuxAmdViDriver second = fixture.driver();
        second.initialiseInterrupts();
        for (int function = 0; function < FUNCTIONS; function++) {
            check(function, random.nextInt(PAGES));
        }
        second.adoptTables(AdoptDepth.CONTEXTS);
        for (int page = 0; page < PAGES; page++) {
            check(random.nextInt(FUNCTIONS), page);
        }
        meant.clear();
        for (int function = 0; function < FUNCTIONS; function++) {
            second.map(requester(function), 0x1000L * PAGES, 0, 0x1000, KernelFixture.RW);
        }
        for (int i = 0; i < 600; i++) {
            step(second, random);
        }
        assertThat(fixture.console).noneMatch(line -> line.contains("timed out"));
    }
}
