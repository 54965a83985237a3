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

    private final Fixture fixture = Fixture.on();

    @ParameterizedTest
    @CsvSource({"1, 12", "2, 21", "3, 30"})
    void nextLevel0MapsWhatTheEntryCovers(int level, int shift) {
        long root = fixture.domain(Fixture.DEVICE, 5, 3);
        fixture.memory.write64(fixture.entry(root, 3, 0, level), Fixture.leaf(1L << 31, 3));
        long t = fixture.translate(0xabc, Access.WRITE);
        assertThat(Translation.address(t)).isEqualTo((1L << 31) + 0xabc);
        assertThat(Translation.pageShift(t)).isEqualTo(shift);
        long last = (1L << shift) - 1;
        assertThat(fixture.read(last)).isEqualTo((1L << 31) + last);
        assertThat(fixture.read(last + 1)).isEqualTo(FAULT);
    }

    @Test
    void theBaseOfALargePageIsTruncated() {
        long root = fixture.domain(Fixture.DEVICE, 5, 3);
        fixture.memory.write64(fixture.entry(root, 3, 0, 2), Fixture.leaf(0x20_1000, 3));
        assertThat(fixture.read(IOVA)).isEqualTo(0x20_7000);
    }

    @ParameterizedTest
    @CsvSource({"1, 13", "1, 14", "1, 15", "1, 16", "1, 20", "1, 21", "2, 22", "2, 29", "2, 30",
        "3, 31", "3, 38"})
    void nextLevel7TellsTheSizeInTheAddress(int level, int shift) {
        long root = fixture.domain(Fixture.DEVICE, 5, 3);
        long page = 1L << 40;
        long entry = PageTableEntry.NEXT_LEVEL.with(
                Fixture.leaf(PageTableEntry.encodedAddress(page, shift), 3), 7);
        long covers = 1L << PageTableEntry.shift(level);
        for (long at = 0; at < 1L << shift; at += covers) {
            fixture.memory.write64(fixture.entry(root, 3, at, level), entry);
        }
        long last = (1L << shift) - 1;
        long t = fixture.translate(last, Access.READ);
        assertThat(Translation.address(t)).isEqualTo(page + last);
        assertThat(Translation.pageShift(t)).isEqualTo(shift);
        assertThat(fixture.read(0x10)).isEqualTo(page + 0x10);
    }

    @ParameterizedTest
    @CsvSource({"2, 13", "2, 21", "1, 22", "1, 30"})
    void aSizeThatDoesNotFitItsLevelFaults(int level, int shift) {
        long root = fixture.domain(Fixture.DEVICE, 5, 3);
        fixture.memory.write64(fixture.entry(root, 3, 0, level), PageTableEntry.NEXT_LEVEL.with(
                Fixture.leaf(PageTableEntry.encodedAddress(1L << 40, shift), 3), 7));
        assertThat(fixture.read(0)).isEqualTo(FAULT);
    }

    @Test
    void levelsMayBeSkippedWhereTheAddressHasZeros() {
        long root = fixture.domain(Fixture.DEVICE, 5, 3);
        long bottom = fixture.page();
        fixture.memory.write64(root, Fixture.directory(bottom, 1));
        fixture.memory.write64(bottom + 7 * 8, Fixture.leaf(PAGE, 3));
        assertThat(fixture.read(IOVA)).isEqualTo(PAGE);
        assertThat(fixture.read(IOVA | 1 << 21)).as("a bit of the level skipped").isEqualTo(FAULT);
    }

    @ParameterizedTest
    @CsvSource({"3, 3", "3, 4", "3, 6", "2, 2", "2, 3", "1, 1", "1, 2"})
    void aNextLevelThatIsNotLowerFaults(int level, int next) {
        long root = fixture.domain(Fixture.DEVICE, 5, 3);
        long at = fixture.entry(root, 3, IOVA, level);
        fixture.memory.write64(at, Fixture.directory(root, next));
        assertThat(fixture.read(IOVA)).isEqualTo(FAULT);
    }
}
