// SPDX-License-Identifier: Apache-2.0
package iommu.amdvi.unit;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.amdvi.AmdViRegisters;
import iommu.amdvi.Command;
import iommu.amdvi.Control;
import iommu.amdvi.EventCode;
import iommu.amdvi.PageTableEntry;
import iommu.api.pcie.Access;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What stays in the caches until commanded out, and which command drops which. */
class CachingTest {

    private static final long FAULT = -EventCode.IO_PAGE_FAULT.number();
    private static final long IOVA = 0x7000;
    private static final long PAGE = 0x20_0000;
    private static final long NEW_PAGE = 0x30_0000;

    private final Bench bench = Bench.on();
    private long root;

    @BeforeEach
    void warm() {
        root = bench.domain(Bench.DEVICE, 5, 3);
        bench.map(root, IOVA, PAGE, Bench.RW);
        assertThat(bench.read(IOVA)).isEqualTo(PAGE);
    }

    @Test
    void aPageStaysUntilItsDomainIsFlushed() {
        bench.map(root, IOVA, NEW_PAGE, Bench.RW);
        assertThat(bench.read(IOVA)).isEqualTo(PAGE);
        bench.invalidateDomain(6);
        bench.invalidateEntry(Bench.DEVICE);
        assertThat(bench.read(IOVA)).isEqualTo(PAGE);
        bench.invalidateDomain(5);
        assertThat(bench.read(IOVA)).isEqualTo(NEW_PAGE);
    }

    @Test
    void anEntryStaysUntilItIsInvalidatedAlsoWhenTheTableMoves() {
        bench.write(AmdViRegisters.DEV_TAB, bench.page());
        assertThat(bench.read(IOVA)).isEqualTo(PAGE);
        bench.invalidateEntry(Bench.OTHER);
        assertThat(bench.read(IOVA)).isEqualTo(PAGE);
        bench.invalidateEntry(Bench.DEVICE);
        assertThat(bench.read(IOVA)).as("V = 0 in the new table").isEqualTo(Long.MIN_VALUE);
    }

    @Test
    void aTableStaysUntilDirectoryEntriesAreInvalidatedToo() {
        long other = bench.page();
        bench.memory.write64(other + 7 * 8, Bench.leaf(NEW_PAGE, 3));
        bench.memory.write64(bench.entry(root, 3, IOVA, 2), Bench.directory(other, 1));
        bench.invalidatePages(5, Command.ALL_PAGES | 1);
        assertThat(bench.read(IOVA)).as("without PDE the old table is read").isEqualTo(PAGE);
        bench.invalidateDomain(5);
        assertThat(bench.read(IOVA)).isEqualTo(NEW_PAGE);
    }

    @Test
    void cachesAreTaggedByDomainNotByDevice() {
        long others = bench.page();
        bench.entry(Bench.OTHER, 5, 3, others, Bench.RW);
        assertThat(Bench.outcome(bench.unit.translate(Bench.OTHER, IOVA, 1)))
                .as("another root under the same id").isEqualTo(PAGE);
        bench.entry(Bench.OTHER, 5, 3, others, Access.NONE);
        bench.invalidateEntry(Bench.OTHER);
        assertThat(Bench.outcome(bench.unit.translate(Bench.OTHER, IOVA, 1)))
                .as("but each device has its own rights").isEqualTo(FAULT);
    }

    @Test
    void aCachedPageDecidesAlsoAboutRights() {
        bench.map(root, 0x8000, PAGE, Access.READ);
        assertThat(bench.read(0x8000)).isEqualTo(PAGE);
        bench.map(root, 0x8000, PAGE, Bench.RW);
        assertThat(bench.write(0x8000)).isEqualTo(FAULT);
        bench.invalidatePages(5, 0x8000);
        assertThat(bench.write(0x8000)).isEqualTo(PAGE);
    }

    @Test
    void notPresentPagesAreCachedOnlyWhereTheUnitSaysSo() {
        assertThat(bench.read(0x9000)).isEqualTo(FAULT);
        bench.map(root, 0x9000, PAGE, Bench.RW);
        assertThat(bench.read(0x9000)).isEqualTo(PAGE);
        var caching = Bench.on(Map.of("cacheNotPresent", 1L));
        long table = caching.domain(Bench.DEVICE, 5, 3);
        assertThat(caching.read(0x9000)).isEqualTo(FAULT);
        caching.map(table, 0x9000, PAGE, Bench.RW);
        assertThat(caching.read(0x9000)).isEqualTo(FAULT);
        caching.invalidatePages(5, 0x9000);
        assertThat(caching.read(0x9000)).isEqualTo(PAGE);
    }

    @Test
    void cachesOutliveTheUnitBeingOff() {
        bench.control(0);
        bench.map(root, IOVA, NEW_PAGE, Bench.RW);
        bench.write(AmdViRegisters.DEV_TAB, bench.page());
        assertThat(bench.read(IOVA)).isEqualTo(Long.MIN_VALUE);
        bench.control(Bench.RUNNING);
        assertThat(bench.read(IOVA)).isEqualTo(PAGE);
        assertThat(bench.switched).containsExactly(false, true);
    }

    @Test
    void aUnitMayEmptyItsCachesWhenItIsSwitchedOff() {
        var other = Bench.on(Map.of("flushOnDisable", 1L));
        long table = other.domain(Bench.DEVICE, 5, 3);
        other.map(table, IOVA, PAGE, Bench.RW);
        other.read(IOVA);
        other.control(0);
        other.map(table, IOVA, NEW_PAGE, Bench.RW);
        other.control(Bench.RUNNING);
        assertThat(other.read(IOVA)).isEqualTo(NEW_PAGE);
    }

    @Test
    void invalidateAllEmptiesEverything() {
        bench.write(AmdViRegisters.DEV_TAB, bench.page());
        bench.invalidateAll();
        assertThat(bench.invalidated).containsExactly("everything");
        assertThat(bench.read(IOVA)).isEqualTo(Long.MIN_VALUE);
    }

    /** Sizes by S and the trailing ones of the address: first column what is named, 0 for S = 0. */
    @ParameterizedTest
    @CsvSource({"0x0000, 0, false", "0x7000, 0, true", "0x6000, 13, true", "0x4000, 13, false",
        "0x4000, 14, true", "0x0000, 15, true", "0x8000, 15, false", "0x0000, 21, true",
        "0x200000, 21, false", "0x0000, 30, true", "0x0000, 52, true", "0x0000, 64, true"})
    void pagesAreNamedInPowersOfTwo(String address, int shift, boolean dropped) {
        bench.map(root, IOVA, NEW_PAGE, Bench.RW);
        long q1 = Long.decode(address);
        if (shift == 64) {
            q1 = Command.ALL_PAGES | 1;
        } else if (shift > 0) {
            q1 |= (1L << shift - 1) - 1 & -4096L | 1;
        }
        bench.invalidatePages(5, q1);
        assertThat(bench.read(IOVA)).isEqualTo(dropped ? NEW_PAGE : PAGE);
        assertThat(bench.invalidated).hasSize(dropped ? 1 : 0);
    }

    @Test
    void aLargePageGoesWithAnyOfItsPages() {
        long at = bench.entry(root, 3, 0x4000_0000L, 2);
        bench.memory.write64(at, Bench.leaf(0x100_0000, 3));
        assertThat(bench.read(0x4000_5000L)).isEqualTo(0x100_5000);
        bench.memory.write64(at, 0);
        bench.invalidatePages(5, 0x4020_0000L);
        assertThat(bench.read(0x4000_5000L)).isEqualTo(0x100_5000);
        bench.invalidatePages(5, 0x401f_f000L);
        assertThat(bench.read(0x4000_5000L)).isEqualTo(FAULT);
    }

    @Test
    void aPageOfEncodedSizeIsOneCacheEntry() {
        long entry = PageTableEntry.NEXT_LEVEL.with(
                Bench.leaf(PageTableEntry.encodedAddress(0x100_0000, 15), 3), 7);
        for (long p = 0x1_0000; p < 0x1_8000; p += 0x1000) {
            bench.memory.write64(bench.entry(root, 3, p, 1), entry);
        }
        bench.read(0x1_0000);
        bench.memory.write64(bench.entry(root, 3, 0x1_7000, 1), 0);
        assertThat(bench.read(0x1_7008)).isEqualTo(0x100_7008);
        bench.invalidatePages(5, 0x1_2000);
        assertThat(bench.read(0x1_7008)).isEqualTo(FAULT);
    }

    @Test
    void entriesAreReplacedWhenACacheIsFull() {
        var tiny = Bench.on(Map.of("tlbEntries", 4L, "dteCacheEntries", 4L,
                "directoryCacheEntries", 4L));
        for (int device = 0; device < 16; device++) {
            long table = tiny.domain(device, 5 + device, 3);
            tiny.map(table, IOVA, PAGE + device * 0x1000L, Bench.RW);
        }
        for (int round = 0; round < 3; round++) {
            for (int device = 0; device < 16; device++) {
                assertThat(Bench.outcome(tiny.unit.translate(device, IOVA, 1)))
                        .isEqualTo(PAGE + device * 0x1000L);
            }
        }
    }

    @Test
    void addressesOf64BitsDoNotShareCacheEntries() {
        long six = bench.domain(Bench.OTHER, 9, 6);
        long[] addresses = {0x7000, 1L << 55 | 0x7000, 1L << 54 | 0x7000, -1L << 12,
            (-1L << 12) ^ 1L << 60, 1L << 63};
        for (int i = 0; i < addresses.length; i++) {
            bench.memory.write64(bench.entry(six, 6, addresses[i], 1),
                    Bench.leaf(PAGE + i * 0x1000L, 3));
        }
        for (int round = 0; round < 2; round++) {
            for (int i = 0; i < addresses.length; i++) {
                assertThat(Bench.outcome(bench.unit.translate(Bench.OTHER, addresses[i], 1)))
                        .isEqualTo(PAGE + i * 0x1000L);
            }
        }
    }

    @Test
    void commandsNeedBothEnables() {
        for (long control : new long[] {0, Control.IOMMU_EN.mask(), Control.CMD_BUF_EN.mask()}) {
            var off = Bench.off(Map.of());
            off.control(control);
            assertThat(off.complete(7)).isZero();
            assertThat(off.read(AmdViRegisters.CMD_HEAD)).isZero();
            off.control(Bench.RUNNING);
            assertThat(off.memory.read64(off.store)).as("fetched now").isEqualTo(7);
        }
    }
}
