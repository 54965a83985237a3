// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import iommu.api.pcie.Access;
import iommu.api.sim.RandomStream;
import iommu.testkit.seeds.Seeds;
import iommu.vtd.Capability;
import iommu.vtd.SecondStageEntry;
import java.util.HashMap;
import java.util.Map;
import java.util.TreeSet;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** The page tables that the kernel writes, beside a map of pages. */
class PageTablesModelTest {

    private static final long PAGE = 0x1000;
    private static final long LARGE = 0x20_0000;
    private static final long REGION = 16 * LARGE;

    /** Where a page leads, with what rights. */
    private record Target(long page, int access) { }

    private BenchKernel kernel;
    private PageTables tables;
    private final Map<Long, Target> model = new HashMap<>();
    private final TreeSet<Long> largePages = new TreeSet<>();

    @BeforeEach
    void useAUnitWithLargePages() {
        use(Capability.SLLPS.with(BenchKernel.CAP, 1));
    }

    private void use(long cap) {
        kernel = new BenchKernel(cap, BenchKernel.ECAP, Map.of());
        tables = new PageTables(kernel, new UnitRegisters(kernel, true));
    }

    private Domain domain(int levels, TableFormat format) {
        return new Domain(9, kernel.allocatePages(1), levels, format);
    }

    /** Walks as the manual says; returns null where nothing is mapped. */
    private Target walk(Domain domain, long iova) {
        long table = domain.table();
        for (int level = domain.levels(); ; level--) {
            long entry = kernel.memory.read64(table + SecondStageEntry.index(iova, level) * 8L);
            if (!domain.stage().present(entry)) {
                return null;
            }
            if (level == 1 || domain.stage().maps(entry)) {
                long covers = 1L << 3 + 9 * level;
                boolean writable = (entry & 2) != 0;
                int access = domain.firstStage() ? writable ? 3 : 1 : (int) entry & 3;
                return new Target(domain.stage().address(entry) + iova % covers / PAGE * PAGE,
                        access);
            }
            table = domain.stage().address(entry);
        }
    }

    private void modelMap(long iova, long to, long bytes, int access) {
        for (long done = 0; done < bytes;) {
            boolean large = ((iova + done | to + done) & LARGE - 1) == 0 && bytes - done >= LARGE;
            if (large) {
                largePages.add(iova + done);
            }
            for (long end = done + (large ? LARGE : PAGE); done < end; done += PAGE) {
                model.put(iova + done, new Target(to + done, access));
            }
        }
    }

    /** A large page that is touched goes as a whole. */
    private void modelUnmap(long iova, long bytes) {
        for (long at = iova; at < iova + bytes; at += PAGE) {
            long large = at / LARGE * LARGE;
            if (largePages.remove(large)) {
                for (long page = large; page < large + LARGE; page += PAGE) {
                    model.remove(page);
                }
            }
            model.remove(at);
        }
    }

    private boolean isFree(long iova, long bytes) {
        for (long at = iova; at < iova + bytes; at += PAGE) {
            if (model.containsKey(at)) {
                return false;
            }
        }
        return true;
    }

    private void agree(Domain domain, long base) {
        for (long at = base; at < base + REGION; at += PAGE) {
            Target expected = model.get(at);
            assertThat(walk(domain, at)).as("0x%x", at).isEqualTo(expected);
        }
    }

    private void program(Domain domain, long base, RandomStream random) {
        // tables are kept, and a large page does not go where one is: it has ranges of its own
        for (int i = 0; i < 60; i++) {
            boolean large = random.oneIn(3);
            long half = REGION / 2;
            long step = large ? LARGE : PAGE;
            long offset = large ? half + random.nextInt(8) * LARGE
                    : random.nextInt((int) (half / PAGE)) * PAGE;
            long end = large ? REGION : half;
            long bytes = Math.min(end - offset, (1 + random.nextInt(large ? 3 : 20)) * step);
            if (random.oneIn(3)) {
                tables.unmap(domain, base + offset, bytes);
                modelUnmap(base + offset, bytes);
            } else if (isFree(base + offset, bytes)) {
                long to = (1 + random.nextInt(64)) * LARGE + (large ? 0 : PAGE);
                int access = domain.firstStage() && random.oneIn(2) ? Access.READ : 3;
                tables.map(domain, base + offset, to, bytes, access);
                modelMap(base + offset, to, bytes, access);
            }
        }
    }

    @Seeds(count = 6)
    void theSecondStageIsWhatAMapOfPagesIs(long seed) {
        Domain domain = domain(4, TableFormat.SECOND_STAGE);
        program(domain, 0x7f_c000_0000L, new RandomStream(seed, "vtd second stage"));
        agree(domain, 0x7f_c000_0000L);
        assertThat(kernel.console).isEmpty();
    }

    @Seeds(count = 6)
    void theFirstStageIsWhatAMapOfPagesIs(long seed) {
        Domain domain = domain(4, TableFormat.FIRST_STAGE);
        program(domain, 0x4000_0000L, new RandomStream(seed, "vtd first stage"));
        agree(domain, 0x4000_0000L);
        assertThat(kernel.console).isEmpty();
    }

    /** A recording of 6.12 has 067h in its leaves and 027h above, and NXE clear. */
    @ParameterizedTest
    @CsvSource({"FIRST_STAGE, 0", "NO_EXECUTE, 1"})
    void executionIsForbiddenWhereThePasidEntryLetsIt(TableFormat format, long top) {
        assertThat(format.leaf(0x264_4000, 3, false)).isEqualTo(0x264_4067L | top << 63);
        assertThat(format.table(0x3a0_a000)).isEqualTo(0x3a0_a027L | top << 63);
        assertThat(format.firstStage()).isTrue();
    }

    @ParameterizedTest(name = "SLLPS {0}")
    @CsvSource({"0, 512", "1, 0", "2, 512", "3, 0"})
    void largePagesOfTheSecondStageAreForUnitsThatHaveThem(int supported, int smallPages) {
        use(Capability.SLLPS.with(BenchKernel.CAP, supported));
        Domain domain = domain(3, TableFormat.SECOND_STAGE);
        tables.map(domain, LARGE, 4 * LARGE, LARGE, 3);
        long directory = kernel.memory.read64(domain.table()) & -4096;
        long entry = kernel.memory.read64(directory + 8);
        assertThat(SecondStageEntry.PS.isSet(entry)).isEqualTo(smallPages == 0);
        int leaves = 0;
        for (int i = 0; smallPages > 0 && i < 512; i++) {
            leaves += kernel.memory.read64((entry & -4096) + 8L * i) == 0 ? 0 : 1;
        }
        assertThat(leaves).isEqualTo(smallPages);
    }

    /** A range must be aligned and fit the domain; otherwise it is the caller's mistake. */
    @ParameterizedTest(name = "{0} levels, {1}, {2} bytes")
    @CsvSource({"3, 0x123, 0x1000", "3, 0x1000, 0x10", "3, 0x1000, 0", "3, 0x1000, -4096",
        "3, 0x8000000000, 0x1000", "3, 0x7ffffff000, 0x2000", "4, 0x1000000000000, 0x1000",
        "4, 0xfffffffff000, 0x2000", "4, -4096, 0x1000"})
    void rangesThatDoNotFitAreRefused(int levels, String iova, String bytes) {
        Domain domain = domain(levels, TableFormat.SECOND_STAGE);
        long at = Long.decode(iova);
        long length = Long.decode(bytes);
        assertThatThrownBy(() -> tables.map(domain, at, 0, length, 3))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("range at 0x");
        assertThatThrownBy(() -> tables.unmap(domain, at, length))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageEndingWith("in a domain of " + (levels == 3 ? 39 : 48) + " bits");
    }

    @ParameterizedTest(name = "{0}")
    @EnumSource(TableFormat.class)
    void whatIsMappedStaysAndTheKernelComplains(TableFormat format) {
        Domain domain = domain(4, format);
        tables.map(domain, 0x5000, 0x9000, PAGE, 3);
        tables.map(domain, 0x4000, 0x20_0000, 3 * PAGE, 3);
        assertThat(walk(domain, 0x4000)).isEqualTo(new Target(0x20_0000, 3));
        assertThat(walk(domain, 0x5000)).isEqualTo(new Target(0x9000, 3));
        assertThat(walk(domain, 0x6000)).isEqualTo(new Target(0x20_2000, 3));
        assertThat(kernel.console).singleElement().asString()
                .startsWith("DMAR: ERROR: DMA PTE for vPFN 0x5 already set (to ");
    }

    @Test
    void unmappingWhereNoTableIsAllocatesNone() {
        Domain domain = domain(4, TableFormat.SECOND_STAGE);
        long before = kernel.freePages();
        tables.unmap(domain, 0x7f_0000_0000L, 4 * LARGE);
        assertThat(kernel.freePages()).isEqualTo(before);
        tables.map(domain, 0x7f_0000_0000L, 0x9000, PAGE, 3);
        assertThat(before - kernel.freePages()).as("three tables below the top").isEqualTo(3);
    }
}
