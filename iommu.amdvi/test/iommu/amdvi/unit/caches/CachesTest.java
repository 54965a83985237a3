// SPDX-License-Identifier: Apache-2.0
package iommu.amdvi.unit.caches;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.amdvi.unit.settings.UnitSettings;
import iommu.api.sim.RandomStream;
import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The caches by themselves. */
class CachesTest {

    @Test
    void aKeyHasOneSlot() {
        var ways = new SetAssociativeCache(16, new Generation());
        int slot = ways.place(7);
        assertThat(ways.place(7)).isEqualTo(slot);
        assertThat(ways.slotOf(7)).isEqualTo(slot);
        ways.drop(slot);
        assertThat(ways.slotOf(7)).isEqualTo(-1);
    }

    @Test
    void theSmallestCacheThatASettingAllowsIsOneSet() {
        assertThat(UnitSettings.LEAST_ENTRIES).isEqualTo(SetAssociativeCache.COUNT);
    }

    @Test
    void aFullSetGivesUpOneKeyAfterTheOther() {
        var ways = new SetAssociativeCache(SetAssociativeCache.COUNT, new Generation());
        for (long key = 1; key <= 4; key++) {
            ways.place(key);
        }
        for (long key = 5; key <= 12; key++) {
            ways.place(key);
            assertThat(ways.slotOf(key)).isNotNegative();
            assertThat(ways.slotOf(key - 4)).isEqualTo(-1);
            assertThat(ways.slotOf(key - 3)).isNotNegative();
        }
        ways.clear();
        assertThat(ways.slotOf(12)).isEqualTo(-1);
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3})
    void noKeyIsFoundThatWasNotPlaced(long seed) {
        var random = new RandomStream(seed, "amdvi ways");
        var ways = new SetAssociativeCache(32, new Generation());
        Set<Long> placed = new HashSet<>();
        for (int i = 0; i < 5_000; i++) {
            long key = 1 + random.nextInt(200);
            if (random.oneIn(4)) {
                int slot = ways.slotOf(key);
                if (slot >= 0) {
                    ways.drop(slot);
                }
                placed.remove(key);
            } else if (random.oneIn(2)) {
                ways.place(key);
                placed.add(key);
            } else if (ways.slotOf(key) >= 0) {
                assertThat(placed).contains(key);
                assertThat(ways.keyOf(ways.slotOf(key))).isEqualTo(key);
            }
        }
    }

    @Test
    void theTlbHoldsPagesOfAllSizesSideBySide() {
        var tlb = new Tlb(64, new Generation());
        tlb.insert(5, 0x1000, 0x10_0000, 12, 3);
        tlb.insert(5, 0x1_0000, 0x20_0000, 16, 1);
        tlb.insert(5, 1L << 40, 1L << 41, 38, 2);
        assertThat(tlb.page(tlb.find(5, 0x1fff))).isEqualTo(0x10_0000);
        int middle = tlb.find(5, 0x1_ffff);
        assertThat(tlb.pageShift(middle)).isEqualTo(16);
        assertThat(tlb.rights(middle)).isEqualTo(1);
        assertThat(tlb.pageShift(tlb.find(5, (1L << 40) + 12345))).isEqualTo(38);
        assertThat(tlb.find(6, 0x1000)).isEqualTo(-1);
        assertThat(tlb.find(5, 0x2000)).isEqualTo(-1);
    }

    @Test
    void addressesWhoseKeysMeetAreToldApart() {
        var tlb = new Tlb(4, new Generation());
        long low = 0x1234_5000L;
        long high = low ^ (1L << 54) ^ (1L << 12);
        tlb.insert(5, low, 0x10_0000, 12, 3);
        tlb.insert(5, high, 0x20_0000, 12, 3);
        int slot = tlb.find(5, low);
        assertThat(slot < 0 || tlb.page(slot) == 0x10_0000).isTrue();
        assertThat(tlb.page(tlb.find(5, high))).isEqualTo(0x20_0000);
    }

    /** Page, its logarithm, what is invalidated, its logarithm: does it go? */
    @ParameterizedTest
    @CsvSource({"0x5000, 12, 0x5000, 12, true", "0x5000, 12, 0x4000, 12, false",
        "0x5000, 12, 0x4000, 13, true", "0x5000, 12, 0x0, 64, true", "0x0, 21, 0x1ff000, 12, true",
        "0x0, 21, 0x200000, 12, false", "0x200000, 21, 0x0, 22, true",
        "0x400000, 21, 0x0, 22, false", "0x0, 12, 0x0, 63, true"})
    void anInvalidationTakesWhatItTouches(String page, int shift, String address, int wide,
            boolean gone) {
        var tlb = new Tlb(16, new Generation());
        tlb.insert(5, Long.decode(page), 0x10_0000, shift, 3);
        assertThat(tlb.invalidate(6, Long.decode(address), wide)).isFalse();
        assertThat(tlb.invalidate(5, Long.decode(address), wide)).isEqualTo(gone);
        assertThat(tlb.find(5, Long.decode(page)) < 0).isEqualTo(gone);
    }

    @Test
    void theDirectoryCacheGivesTheLowestTable() {
        var directories = new DirectoryCache(16);
        directories.insert(5, 0x40_7000, 2, 0x10_0000, 3);
        long known = directories.find(5, 0x60_0000, 3);
        assertThat(DirectoryCache.level(known)).isEqualTo(2);
        directories.insert(5, 0x40_7000, 1, 0x20_0000, 1);
        known = directories.find(5, 0x40_8000, 3);
        assertThat(DirectoryCache.level(known)).isEqualTo(1);
        assertThat(DirectoryCache.table(known)).isEqualTo(0x20_0000);
        assertThat(DirectoryCache.rights(known)).isEqualTo(1);
        assertThat(DirectoryCache.level(directories.find(5, 0x60_0000, 3))).isEqualTo(2);
        assertThat(directories.find(5, 1L << 30, 3)).isZero();
        assertThat(directories.find(5, 0x60_0000, 2)).as("not above the walk's begin")
                .isZero();
        assertThat(directories.find(6, 0x40_7000, 3)).isZero();
    }

    @ParameterizedTest
    @CsvSource({"0x400000, 12, true", "0x5ff000, 12, true", "0x600000, 12, false",
        "0x0, 22, false", "0x0, 23, true", "0x0, 64, true", "0x40000000, 30, false"})
    void directoriesGoWithAnyPageBelowThem(String address, int shift, boolean gone) {
        var directories = new DirectoryCache(16);
        directories.insert(5, 0x40_0000, 1, 0x20_0000, 3);
        assertThat(directories.invalidate(6, Long.decode(address), shift)).isFalse();
        assertThat(directories.invalidate(5, Long.decode(address), shift)).isEqualTo(gone);
        assertThat(directories.find(5, 0x40_0000, 3) == 0).isEqualTo(gone);
    }

    @Test
    void interruptEntriesGoByDevice() {
        var cache = new InterruptCache(16);
        cache.insert(0x28, 3, 0x11, 0x22);
        cache.insert(0x30, 3, 0x33, 0x44);
        assertThat(cache.low(cache.find(0x28, 3))).isEqualTo(0x11);
        assertThat(cache.high(cache.find(0x30, 3))).isEqualTo(0x44);
        assertThat(cache.invalidate(0x28)).isTrue();
        assertThat(cache.invalidate(0x28)).isFalse();
        assertThat(cache.find(0x28, 3)).isEqualTo(-1);
        assertThat(cache.find(0x30, 3)).isNotNegative();
        cache.invalidateAll();
        assertThat(cache.find(0x30, 3)).isEqualTo(-1);
    }

    @Test
    void deviceZeroIsADeviceLikeOthers() {
        var entries = new DteCache(16, new Generation());
        assertThat(entries.find(0)).isEqualTo(-1);
        int slot = entries.insert(0, 0x42, 0x1000, 0x99);
        assertThat(entries.find(0)).isEqualTo(slot);
        assertThat(entries.tag(slot)).isEqualTo(0x42);
        assertThat(entries.root(slot)).isEqualTo(0x1000);
        assertThat(entries.interrupts(slot)).isEqualTo(0x99);
        entries.faulted(slot);
        assertThat(ContextTag.FAULTED.isSet(entries.tag(slot))).isTrue();
        assertThat(entries.invalidate(0)).isTrue();
        assertThat(entries.invalidate(0)).isFalse();
    }
}
