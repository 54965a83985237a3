// SPDX-License-Identifier: Apache-2.0
package iommu.amdvi.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import iommu.amdvi.PageTableEntry;
import iommu.api.pcie.Access;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The entries that the kernel writes, bit by bit. */
class PageTablesTest {

    private final KernelFixture fixture = new KernelFixture();
    private final PageTables tables = new PageTables(fixture);
    private final Domain domain = new Domain(5, fixture.allocatePages(1), 3);

    /** Returns the entry that a walk meets at a level. */
    private long entry(long iova, int level) {
        long table = domain.root();
        for (int l = domain.levels(); l > level; l--) {
            table = PageTableEntry.ADDRESS.inPlace(
                    fixture.memory.read64(table + PageTableEntry.index(iova, l) * 8L));
        }
        return fixture.memory.read64(table + PageTableEntry.index(iova, level) * 8L);
    }

    @Test
    void directoriesGrantEverythingAndNameTheLevelBelow() {
        tables.map(domain, 0x7000, 0x10_0000, 0x1000, Access.READ);
        long top = entry(0x7000, 3);
        assertThat(PageTableEntry.PR.isSet(top)).isTrue();
        assertThat(PageTableEntry.NEXT_LEVEL.of(top)).isEqualTo(2);
        assertThat(top >>> 61).isEqualTo(3);
        assertThat(PageTableEntry.NEXT_LEVEL.of(entry(0x7000, 2))).isEqualTo(1);
    }

    /** Access bits and the leaf of a page at 0x100000: PR, FC, IR, IW. */
    @ParameterizedTest
    @CsvSource({"1, 0x3000000000100001", "2, 0x5000000000100001", "3, 0x7000000000100001"})
    void aLeafHasTheRightsAsked(int access, String expected) {
        tables.map(domain, 0x7000, 0x10_0000, 0x1000, access);
        assertThat(entry(0x7000, 1)).isEqualTo(Long.decode(expected));
    }

    @Test
    void aPageOfSeveralEntriesIsWrittenIntoEachOfThem() {
        tables.map(domain, 0x4000, 0x10_4000, 0x4000, Access.READ);
        for (long at = 0x4000; at < 0x8000; at += 0x1000) {
            assertThat(entry(at, 1)).isEqualTo(0x3000_0000_0010_5e01L);
        }
        assertThat(entry(0x8000, 1)).isZero();
    }

    @Test
    void aPageThatFillsAnEntryHasNextLevel0() {
        tables.map(domain, 0x20_0000, 0x40_0000, 0x20_0000, Access.READ);
        assertThat(entry(0x20_0000, 2)).isEqualTo(0x3000_0000_0040_0001L);
    }

    @Test
    void unmappingAPartOfALargerPageTakesAllOfIt() {
        tables.map(domain, 0x4000, 0x10_4000, 0x4000, Access.READ);
        tables.unmap(domain, 0x6000, 0x1000);
        for (long at = 0x4000; at < 0x8000; at += 0x1000) {
            assertThat(entry(at, 1)).isZero();
        }
    }

    @Test
    void unmappingWhatIsNotMappedChangesNothing() {
        tables.unmap(domain, 0x7000, 0x10_0000);
        tables.map(domain, 0x7000, 0x10_0000, 0x1000, 3);
        tables.unmap(domain, 0x8000, 0x20_0000);
        assertThat(entry(0x7000, 1)).isNotZero();
    }

    @Test
    void onlyChangesOfTheTablesShapeAreTold() {
        assertThat(tables.map(domain, 0x20_0000, 0x40_0000, 0x1000, 3)).isFalse();
        assertThat(tables.map(domain, 0x20_0000, 0x50_0000, 0x1000, 3)).as("another leaf")
                .isFalse();
        assertThat(tables.map(domain, 0x20_0000, 0x40_0000, 0x20_0000, 3)).as("table to page")
                .isTrue();
        assertThat(tables.map(domain, 0x20_5000, 0x50_0000, 0x1000, 3)).as("page to table")
                .isTrue();
        assertThat(tables.map(domain, 0x20_6000, 0x50_0000, 0x1000, 3)).isFalse();
    }

    @Test
    void aGrownTableHasTheOldOneUnderItsFirstEntry() {
        tables.map(domain, 0x7000, 0x10_0000, 0x1000, 3);
        long old = domain.root();
        tables.grow(domain);
        assertThat(domain.levels()).isEqualTo(4);
        assertThat(PageTableEntry.ADDRESS.inPlace(fixture.memory.read64(domain.root())))
                .isEqualTo(old);
        assertThat(PageTableEntry.ADDRESS.inPlace(entry(0x7000, 1))).isEqualTo(0x10_0000);
    }

    @ParameterizedTest
    @CsvSource({"3, 0x7ffffff000, 0x1000, true", "3, 0x7ffffff000, 0x2000, false",
        "3, 0x8000000000, 0x1000, false", "4, 0x8000000000, 0x1000, true",
        "5, 0x1ffffffffff000, 0x1000, true", "5, 0x200000000000000, 0x1000, false",
        "6, 0x7ffffffffffff000, 0x1000, true"})
    void levelsReachSoFar(int levels, String iova, String bytes, boolean covered) {
        assertThat(PageTables.covers(levels, Long.decode(iova), Long.decode(bytes)))
                .isEqualTo(covered);
    }

    @Test
    void aTableThatIsNotInMemoryIsTold() {
        var lost = new Domain(9, 1L << 40, 3);
        assertThatThrownBy(() -> tables.map(lost, 0x7000, 0, 0x1000, 3))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("of domain 9 is not in memory");
        fixture.memory.write64(domain.root(), PageTableEntry.NEXT_LEVEL.with(1L << 40 | 1, 2));
        assertThatThrownBy(() -> tables.unmap(domain, 0x7000, 0x1000))
                .isInstanceOf(IllegalStateException.class);
    }
}
