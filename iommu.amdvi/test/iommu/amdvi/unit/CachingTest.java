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

    private final Fixture fixture = Fixture.on();
    private long root;

    @BeforeEach
    void warm() {
        root = fixture.domain(Fixture.DEVICE, 5, 3);
        fixture.map(root, IOVA, PAGE, Fixture.RW);
        assertThat(fixture.read(IOVA)).isEqualTo(PAGE);
    }

    @Test
    void aPageStaysUntilItsDomainIsFlushed() {
        fixture.map(root, IOVA, NEW_PAGE, Fixture.RW);
        assertThat(fixture.read(IOVA)).isEqualTo(PAGE);
        fixture.invalidateDomain(6);
        fixture.invalidateEntry(Fixture.DEVICE);
        assertThat(fixture.read(IOVA)).isEqualTo(PAGE);
        fixture.invalidateDomain(5);
        assertThat(fixture.read(IOVA)).isEqualTo(NEW_PAGE);
    }

    @Test
    void anEntryStaysUntilItIsInvalidatedAlsoWhenTheTableMoves() {
        fixture.write(AmdViRegisters.DEV_TAB, fixture.page());
        assertThat(fixture.read(IOVA)).isEqualTo(PAGE);
        fixture.invalidateEntry(Fixture.OTHER);
        assertThat(fixture.read(IOVA)).isEqualTo(PAGE);
        fixture.invalidateEntry(Fixture.DEVICE);
        assertThat(fixture.read(IOVA)).as("V = 0 in the new table").isEqualTo(Long.MIN_VALUE);
    }

    @Test
    void aTableStaysUntilDirectoryEntriesAreInvalidatedToo() {
        long other = fixture.page();
        fixture.memory.write64(other + 7 * 8, Fixture.leaf(NEW_PAGE, 3));
        fixture.memory.write64(fixture.entry(root, 3, IOVA, 2), Fixture.directory(other, 1));
        fixture.invalidatePages(5, Command.ALL_PAGES | 1);
        assertThat(fixture.read(IOVA)).as("without PDE the old table is read").isEqualTo(PAGE);
        fixture.invalidateDomain(5);
        assertThat(fixture.read(IOVA)).isEqualTo(NEW_PAGE);
    }

    @Test
    void cachesAreTaggedByDomainNotByDevice() {
        long others = fixture.page();
        fixture.entry(Fixture.OTHER, 5, 3, others, Fixture.RW);
        assertThat(Fixture.outcome(fixture.unit.translate(Fixture.OTHER, IOVA, 1)))
                .as("another root under the same id").isEqualTo(PAGE);
        fixture.entry(Fixture.OTHER, 5, 3, others, Access.NONE);
        fixture.invalidateEntry(Fixture.OTHER);
        assertThat(Fixture.outcome(fixture.unit.translate(Fixture.OTHER, IOVA, 1)))
                .as("but each device has its own rights").isEqualTo(FAULT);
    }

    @Test
    void aCachedPageDecidesAlsoAboutRights() {
        fixture.map(root, 0x8000, PAGE, Access.READ);
        assertThat(fixture.read(0x8000)).isEqualTo(PAGE);
        fixture.map(root, 0x8000, PAGE, Fixture.RW);
        assertThat(fixture.write(0x8000)).isEqualTo(FAULT);
        fixture.invalidatePages(5, 0x8000);
        assertThat(fixture.write(0x8000)).isEqualTo(PAGE);
    }

    @Test
    void notPresentPagesAreCachedOnlyWhereTheUnitSaysSo() {
        assertThat(fixture.read(0x9000)).isEqualTo(FAULT);
        fixture.map(root, 0x9000, PAGE, Fixture.RW);
        assertThat(fixture.read(0x9000)).isEqualTo(PAGE);
        var caching = Fixture.on(Map.of("cacheNotPresent", 1L));
        long table = caching.domain(Fixture.DEVICE, 5, 3);
        assertThat(caching.read(0x9000)).isEqualTo(FAULT);
        caching.map(table, 0x9000, PAGE, Fixture.RW);
        assertThat(caching.read(0x9000)).isEqualTo(FAULT);
        caching.invalidatePages(5, 0x9000);
        assertThat(caching.read(0x9000)).isEqualTo(PAGE);
    }

    @Test
    void cachesOutliveTheUnitBeingOff() {
        fixture.control(0);
        fixture.map(root, IOVA, NEW_PAGE, Fixture.RW);
        fixture.write(AmdViRegisters.DEV_TAB, fixture.page());
        assertThat(fixture.read(IOVA)).isEqualTo(Long.MIN_VALUE);
        fixture.control(Fixture.RUNNING);
        assertThat(fixture.read(IOVA)).isEqualTo(PAGE);
        assertThat(fixture.switched).containsExactly(false, true);
    }

    @Test
    void aUnitMayEmptyItsCachesWhenItIsSwitchedOff() {
        var other = Fixture.on(Map.of("flushOnDisable", 1L));
        long table = other.domain(Fixture.DEVICE, 5, 3);
        other.map(table, IOVA, PAGE, Fixture.RW);
        other.read(IOVA);
        other.control(0);
        other.map(table, IOVA, NEW_PAGE, Fixture.RW);
        other.control(Fixture.RUNNING);
        assertThat(other.read(IOVA)).isEqualTo(NEW_PAGE);
    }

    @Test
    void invalidateAllEmptiesEverything() {
        fixture.write(AmdViRegisters.DEV_TAB, fixture.page());
        fixture.invalidateAll();
        assertThat(fixture.invalidated).containsExactly("everything");
        assertThat(fixture.read(IOVA)).isEqualTo(Long.MIN_VALUE);
    }

    /** Sizes by S and the trailing ones of the address: first column what is named, 0 for S = 0. */
    @ParameterizedTest
    @CsvSource({"0x0000, 0, false", "0x7000, 0, true", "0x6000, 13, true", "0x4000, 13, false",
        "0x4000, 14, true", "0x0000, 15, true", "0x8000, 15, false", "0x0000, 21, true",
        "0x200000, 21, false", "0x0000, 30, true", "0x0000, 52, true", "0x0000, 64, true"})
    void pagesAreNamedInPowersOfTwo(String address, int shift, boolean dropped) {
        fixture.map(root, IOVA, NEW_PAGE, Fixture.RW);
        long q1 = Long.decode(address);
        if (shift == 64) {
            q1 = Command.ALL_PAGES | 1;
        } else if (shift > 0) {
            q1 |= (1L << shift - 1) - 1 & -4096L | 1;
        }
        fixture.invalidatePages(5, q1);
        assertThat(fixture.read(IOVA)).isEqualTo(dropped ? NEW_PAGE : PAGE);
        assertThat(fixture.invalidated).hasSize(dropped ? 1 : 0);
    }

    @Test
    void aLargePageGoesWithAnyOfItsPages() {
        long at = fixture.entry(root, 3, 0x4000_0000L, 2);
        fixture.memory.write64(at, Fixture.leaf(0x100_0000, 3));
        assertThat(fixture.read(0x4000_5000L)).isEqualTo(0x100_5000);
        fixture.memory.write64(at, 0);
        fixture.invalidatePages(5, 0x4020_0000L);
        assertThat(fixture.read(0x4000_5000L)).isEqualTo(0x100_5000);
        fixture.invalidatePages(5, 0x401f_f000L);
        assertThat(fixture.read(0x4000_5000L)).isEqualTo(FAULT);
    }

    @Test
    void aPageOfEncodedSizeIsOneCacheEntry() {
        long entry = PageTableEntry.NEXT_LEVEL.with(
                Fixture.leaf(PageTableEntry.encodedAddress(0x100_0000, 15), 3), 7);
        for (long p = 0x1_0000; p < 0x1_8000; p += 0x1000) {
            fixture.memory.write64(fixture.entry(root, 3, p, 1), entry);
        }
        fixture.read(0x1_0000);
        fixture.memory.write64(fixture.entry(root, 3, 0x1_7000, 1), 0);
        assertThat(fixture.read(0x1_7008)).isEqualTo(0x100_7008);
        fixture.invalidatePages(5, 0x1_2000);
        assertThat(fixture.read(0x1_7008)).isEqualTo(FAULT);
    }

    @Test
    void entriesAreReplacedWhenACacheIsFull() {
        var tiny = Fixture.on(Map.of("tlbEntries", 4L, "dteCacheEntries", 4L,
                "directoryCacheEntries", 4L));
        for (int device = 0; device < 16; device++) {
            long table = tiny.domain(device, 5 + device, 3);
            tiny.map(table, IOVA, PAGE + device * 0x1000L, Fixture.RW);
        }
        for (int round = 0; round < 3; round++) {
            for (int device = 0; device < 16; device++) {
                assertThat(Fixture.outcome(tiny.unit.translate(device, IOVA, 1)))
                        .isEqualTo(PAGE + device * 0x1000L);
            }
        }
    }

    @Test
    void addressesOf64BitsDoNotShareCacheEntries() {
        long six = fixture.domain(Fixture.OTHER, 9, 6);
        long[] addresses = {0x7000, 1L << 55 | 0x7000, 1L << 54 | 0x7000, -1L << 12,
            (-1L << 12) ^ 1L << 60, 1L << 63};
        for (int i = 0; i < addresses.length; i++) {
            fixture.memory.write64(fixture.entry(six, 6, addresses[i], 1),
                    Fixture.leaf(PAGE + i * 0x1000L, 3));
        }
        for (int round = 0; round < 2; round++) {
            for (int i = 0; i < addresses.length; i++) {
                assertThat(Fixture.outcome(fixture.unit.translate(Fixture.OTHER, addresses[i], 1)))
                        .isEqualTo(PAGE + i * 0x1000L);
            }
        }
    }

    @Test
    void commandsNeedBothEnables() {
        for (long control : new long[] {0, Control.IOMMU_EN.mask(), Control.CMD_BUF_EN.mask()}) {
            var off = Fixture.off(Map.of());
            off.control(control);
            assertThat(off.complete(7)).isZero();
            assertThat(off.read(AmdViRegisters.CMD_HEAD)).isZero();
            off.control(Fixture.RUNNING);
            assertThat(off.memory.read64(off.store)).as("fetched now").isEqualTo(7);
        }
    }
}
