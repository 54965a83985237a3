// SPDX-License-Identifier: Apache-2.0
package iommu.amdvi.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import iommu.amdvi.PageTableEntry;
import iommu.api.sim.RandomStream;
import iommu.testkit.seeds.Seeds;
import java.util.TreeMap;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The page tables that the kernel writes, beside a map of pages of all sizes. */
class PageTablesModelTest {

    private static final long PAGE = 0x1000;
    private static final long REGION = 8L << 21;

    /** A page: where it leads, how large it is, and its rights. */
    private record Page(long target, int shift, int access) { }

    private final KernelFixture fixture = new KernelFixture();
    private final PageTables tables = new PageTables(fixture);
    private final Domain domain = new Domain(5, fixture.allocatePages(1), 3);
    private final TreeMap<Long, Page> model = new TreeMap<>();

    /** Walks as the manual says; returns where an address leads with the rights, or -1. */
    private long walk(long iova) {
        long table = domain.root();
        int level = domain.levels();
        long rights = 3;
        while (true) {
            long entry = fixture.memory.read64(table + PageTableEntry.index(iova, level) * 8L);
            int next = (int) PageTableEntry.NEXT_LEVEL.of(entry);
            if (!PageTableEntry.PR.isSet(entry)) {
                return -1;
            }
            rights &= entry >>> 61;
            if (next == 0 || next == 7) {
                int shift = next == 0 ? PageTableEntry.shift(level)
                        : PageTableEntry.encodedShift(entry);
                long in = (1L << shift) - 1;
                return PageTableEntry.ADDRESS.inPlace(entry) & ~in | iova & in & -PAGE | rights;
            }
            assertThat(next).as("no level is skipped").isEqualTo(level - 1);
            table = PageTableEntry.ADDRESS.inPlace(entry);
            level = next;
        }
    }

    private long expected(long iova) {
        var at = model.floorEntry(iova);
        if (at == null || iova >= at.getKey() + (1L << at.getValue().shift)) {
            return -1;
        }
        return at.getValue().target + iova - at.getKey() | at.getValue().access;
    }

    private boolean isFree(long iova, long bytes) {
        for (long at = iova; at < iova + bytes; at += PAGE) {
            if (expected(at) >= 0) {
                return false;
            }
        }
        return true;
    }

    /** The largest power of two that addresses and rest allow, again and again. */
    private void modelMap(long iova, long to, long bytes, int access) {
        for (long done = 0; done < bytes;) {
            int shift = 12;
            while ((iova + done | to + done) % (2L << shift) == 0 && 2L << shift <= bytes - done) {
                shift++;
            }
            model.put(iova + done, new Page(to + done, shift, access));
            done += 1L << shift;
        }
    }

    private void modelUnmap(long iova, long bytes) {
        model.entrySet().removeIf(p -> p.getKey() < iova + bytes
                && p.getKey() + (1L << p.getValue().shift) > iova);
    }

    private void program(long base, RandomStream random) {
        for (int i = 0; i < 80; i++) {
            int unit = 12 + random.nextInt(10);
            long offset = (long) random.nextInt((int) (REGION >> unit)) << unit;
            long bytes = Math.min(REGION - offset, (1L + random.nextInt(5)) << unit);
            if (random.oneIn(3)) {
                tables.unmap(domain, base + offset, bytes);
                modelUnmap(base + offset, bytes);
            } else if (isFree(base + offset, bytes)) {
                long to = (1L + random.nextInt(0x4000)) << (random.oneIn(2) ? unit : 12);
                int access = 1 + random.nextInt(3);
                tables.map(domain, base + offset, to, bytes, access);
                modelMap(base + offset, to, bytes, access);
            }
        }
    }

    @Seeds(count = 12)
    void aProgramOfMapsAndUnmapsLeavesWhatAMapOfPagesDoes(long seed) {
        long base = 0x40_0000_0000L;
        program(base, new RandomStream(seed, "amdvi tables"));
        for (long at = base; at < base + REGION; at += PAGE) {
            assertThat(walk(at)).as("0x%x", at).isEqualTo(expected(at));
        }
    }

    @Seeds(count = 4)
    void aTableThatGrowsKeepsWhatIsMapped(long seed) {
        program(0, new RandomStream(seed, "amdvi growth"));
        for (int levels = 4; levels <= 6; levels++) {
            tables.grow(domain);
            assertThat(domain.levels()).isEqualTo(levels);
            for (long at = 0; at < REGION; at += PAGE) {
                assertThat(walk(at)).as("0x%x", at).isEqualTo(expected(at));
            }
            assertThat(walk(1L << 12 + 9 * (levels - 1))).as("what is new is empty")
                    .isEqualTo(-1);
        }
    }

    /** Next Level and copies of the entry for a page of each size. */
    @ParameterizedTest(name = "2^{0} bytes")
    @CsvSource({"12, 1, 0, 1", "13, 1, 7, 2", "16, 1, 7, 16", "20, 1, 7, 256", "21, 2, 0, 1",
        "22, 2, 7, 2", "29, 2, 7, 256", "30, 3, 0, 1", "31, 3, 7, 2", "38, 3, 7, 256"})
    void aPageOfEachSizeHasItsLevelAndCopies(int shift, int level, int next, int copies) {
        long size = 1L << shift;
        tables.map(domain, size, size, size, 3);
        long table = domain.root();
        for (int l = 3; l > level; l--) {
            table = PageTableEntry.ADDRESS.inPlace(
                    fixture.memory.read64(table + PageTableEntry.index(size, l) * 8L));
        }
        int found = 0;
        for (int i = 0; i < 512; i++) {
            long entry = fixture.memory.read64(table + 8L * i);
            if (PageTableEntry.PR.isSet(entry)) {
                assertThat(PageTableEntry.NEXT_LEVEL.of(entry)).isEqualTo(next);
                found++;
            }
        }
        assertThat(found).isEqualTo(copies);
        tables.unmap(domain, 2 * size - PAGE, PAGE);
        assertThat(walk(size)).as("gone as a whole").isEqualTo(-1);
    }

    @ParameterizedTest(name = "{0}, {1} bytes")
    @CsvSource({"0x123, 0x1000", "0x1000, 0x10", "0x1000, 0", "0x1000, -4096"})
    void rangesThatAreNoPagesAreRefused(String iova, String bytes) {
        assertThatThrownBy(() -> tables.map(domain, Long.decode(iova), 0, Long.decode(bytes), 3))
                .isInstanceOf(IllegalArgumentException.class).hasMessageStartingWith("range at");
        assertThatThrownBy(() -> tables.unmap(domain, Long.decode(iova), Long.decode(bytes)))
                .isInstanceOf(IllegalArgumentException.class).hasMessageStartingWith("range at");
    }
}
