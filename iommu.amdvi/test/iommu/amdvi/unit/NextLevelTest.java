// SPDX-License-Identifier: Apache-2.0
package iommu.amdvi.unit;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.amdvi.EventCode;
import iommu.amdvi.PageTableEntry;
import iommu.api.pcie.Access;
import iommu.api.unit.Translation;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What the Next Level of a page table entry makes of it: pages of all sizes, skipped levels. */
class NextLevelTest {

    private static final long FAULT = -EventCode.IO_PAGE_FAULT.number();
    private static final long IOVA = 0x7000;
    private static final long PAGE = 0x20_0000;

    private final Bench bench = Bench.on();

    @ParameterizedTest
    @CsvSource({"1, 12", "2, 21", "3, 30"})
    void nextLevel0MapsWhatTheEntryCovers(int level, int shift) {
        long root = bench.domain(Bench.DEVICE, 5, 3);
        bench.memory.write64(bench.entry(root, 3, 0, level), Bench.leaf(1L << 31, 3));
        long t = bench.translate(0xabc, Access.WRITE);
        assertThat(Translation.address(t)).isEqualTo((1L << 31) + 0xabc);
        assertThat(Translation.pageShift(t)).isEqualTo(shift);
        long last = (1L << shift) - 1;
        assertThat(bench.read(last)).isEqualTo((1L << 31) + last);
        assertThat(bench.read(last + 1)).isEqualTo(FAULT);
    }

    @Test
    void theBaseOfALargePageIsTruncated() {
        long root = bench.domain(Bench.DEVICE, 5, 3);
        bench.memory.write64(bench.entry(root, 3, 0, 2), Bench.leaf(0x20_1000, 3));
        assertThat(bench.read(IOVA)).isEqualTo(0x20_7000);
    }

    @ParameterizedTest
    @CsvSource({"1, 13", "1, 14", "1, 15", "1, 16", "1, 20", "1, 21", "2, 22", "2, 29", "2, 30",
        "3, 31", "3, 38"})
    void nextLevel7TellsTheSizeInTheAddress(int level, int shift) {
        long root = bench.domain(Bench.DEVICE, 5, 3);
        long page = 1L << 40;
        long entry = PageTableEntry.NEXT_LEVEL.with(
                Bench.leaf(PageTableEntry.encodedAddress(page, shift), 3), 7);
        long covers = 1L << PageTableEntry.shift(level);
        for (long at = 0; at < 1L << shift; at += covers) {
            bench.memory.write64(bench.entry(root, 3, at, level), entry);
        }
        long last = (1L << shift) - 1;
        long t = bench.translate(last, Access.READ);
        assertThat(Translation.address(t)).isEqualTo(page + last);
        assertThat(Translation.pageShift(t)).isEqualTo(shift);
        assertThat(bench.read(0x10)).isEqualTo(page + 0x10);
    }

    @ParameterizedTest
    @CsvSource({"2, 13", "2, 21", "1, 22", "1, 30"})
    void aSizeThatDoesNotFitItsLevelFaults(int level, int shift) {
        long root = bench.domain(Bench.DEVICE, 5, 3);
        bench.memory.write64(bench.entry(root, 3, 0, level), PageTableEntry.NEXT_LEVEL.with(
                Bench.leaf(PageTableEntry.encodedAddress(1L << 40, shift), 3), 7));
        assertThat(bench.read(0)).isEqualTo(FAULT);
    }

    @Test
    void levelsMayBeSkippedWhereTheAddressHasZeros() {
        long root = bench.domain(Bench.DEVICE, 5, 3);
        long bottom = bench.page();
        bench.memory.write64(root, Bench.directory(bottom, 1));
        bench.memory.write64(bottom + 7 * 8, Bench.leaf(PAGE, 3));
        assertThat(bench.read(IOVA)).isEqualTo(PAGE);
        assertThat(bench.read(IOVA | 1 << 21)).as("a bit of the level skipped").isEqualTo(FAULT);
    }

    @ParameterizedTest
    @CsvSource({"3, 3", "3, 4", "3, 6", "2, 2", "2, 3", "1, 1", "1, 2"})
    void aNextLevelThatIsNotLowerFaults(int level, int next) {
        long root = bench.domain(Bench.DEVICE, 5, 3);
        long at = bench.entry(root, 3, IOVA, level);
        bench.memory.write64(at, Bench.directory(root, next));
        assertThat(bench.read(IOVA)).isEqualTo(FAULT);
    }
}
