// SPDX-License-Identifier: Apache-2.0
package iommu.amdvi.unit;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.amdvi.AmdViRegisters;
import iommu.amdvi.DeviceTableEntry;
import iommu.amdvi.EventCode;
import iommu.api.pcie.Access;
import iommu.api.unit.Translation;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What comes out for a request, by device table entry and page tables. */
class TranslationTest {

    private static final long UNTRANSLATED = Long.MIN_VALUE;
    private static final long FAULT = -EventCode.IO_PAGE_FAULT.number();
    private static final long ILLEGAL = -EventCode.ILLEGAL_DEV_TABLE_ENTRY.number();
    private static final long IOVA = 0x7000;
    private static final long PAGE = 0x20_0000;

    private final Bench bench = Bench.on();

    @Test
    void aMappedPageIsTranslatedWithItsOffset() {
        bench.map(bench.domain(Bench.DEVICE, 5, 3), IOVA, PAGE, Bench.RW);
        long t = bench.translate(IOVA + 0x123, Access.READ);
        assertThat(Translation.address(t)).isEqualTo(PAGE + 0x123);
        assertThat(Translation.pageShift(t)).isEqualTo(12);
        assertThat(bench.blocked).isEmpty();
    }

    @Test
    void aPageThatIsNotPresentFaults() {
        bench.map(bench.domain(Bench.DEVICE, 5, 3), IOVA, PAGE, Bench.RW);
        assertThat(bench.read(0x6000)).isEqualTo(FAULT);
        assertThat(bench.write(1L << 30)).isEqualTo(FAULT);
    }

    @ParameterizedTest
    @CsvSource({"3,3,3, true, true", "1,3,3, true, false", "3,1,3, true, false",
        "3,3,1, true, false", "2,3,3, false, true", "3,2,3, false, true", "3,3,2, false, true",
        "1,2,3, false, false", "0,3,3, false, false", "3,0,3, false, false",
        "3,3,0, false, false"})
    void rightsAreThoseOfEntryDirectoryAndPageTogether(int entry, int directory, int leaf,
            boolean reads, boolean writes) {
        long root = bench.domain(Bench.DEVICE, 5, 3);
        bench.map(root, IOVA, PAGE, leaf);
        bench.memory.write64(root, bench.memory.read64(root) & ~(3L << 61)
                | (long) directory << 61);
        bench.memory.write64(bench.entryOf(Bench.DEVICE), Bench.low(3, root, entry));
        assertThat(bench.read(IOVA)).isEqualTo(reads ? PAGE : FAULT);
        assertThat(bench.write(IOVA)).isEqualTo(writes ? PAGE : FAULT);
    }

    @Test
    void aDisabledUnitTranslatesNothing() {
        var off = Bench.off(Map.of());
        assertThat(off.unit.translating()).isFalse();
        assertThat(off.read(IOVA)).isEqualTo(UNTRANSLATED);
    }

    @Test
    void withoutVRequestsAreForwardedUnchanged() {
        bench.memory.write64(bench.entryOf(Bench.DEVICE), 0x7cL | 7 << 9);
        assertThat(bench.read(IOVA)).as("nothing else of the entry counts").isEqualTo(UNTRANSLATED);
        assertThat(bench.write(-8)).isEqualTo(UNTRANSLATED);
    }

    @Test
    void withoutTvRequestsAreBlockedWhateverTheRestSays() {
        long root = bench.domain(Bench.DEVICE, 5, 3);
        bench.map(root, IOVA, PAGE, Bench.RW);
        bench.memory.write64(bench.entryOf(Bench.DEVICE), Bench.low(3, root, 3) & ~2);
        assertThat(bench.read(IOVA)).isEqualTo(FAULT);
        bench.invalidateEntry(Bench.DEVICE);
        bench.memory.write64(bench.entryOf(Bench.DEVICE), Bench.low(0, 0, 3) & ~2);
        assertThat(bench.read(IOVA)).isEqualTo(FAULT);
    }

    @Test
    void inMode0RightsAloneDecide() {
        bench.entry(Bench.DEVICE, 5, 0, 0, Access.READ);
        long far = 0x000f_1234_5678_9abcL;
        assertThat(bench.read(far)).isEqualTo(far);
        assertThat(bench.write(far)).isEqualTo(FAULT);
        bench.entry(Bench.OTHER, 0, 0, 0, Access.NONE);
        assertThat(Bench.outcome(bench.unit.translate(Bench.OTHER, far, Access.READ)))
                .as("as Linux blocks devices without domain").isEqualTo(FAULT);
    }

    @Test
    void mode7AndModesDeeperThanTheUnitWalksAreIllegal() {
        bench.entry(Bench.DEVICE, 5, 7, 0x10_0000, Bench.RW);
        assertThat(bench.read(IOVA)).isEqualTo(ILLEGAL);
        var four = Bench.off(0x21d3L, Map.of());
        four.control(Bench.RUNNING);
        four.entry(Bench.DEVICE, 5, 5, 0x10_0000, Bench.RW);
        assertThat(four.read(IOVA)).as("HATS 0: four levels").isEqualTo(ILLEGAL);
        four.entry(Bench.DEVICE, 5, 4, four.page(), Bench.RW);
        assertThat(four.read(IOVA)).isEqualTo(FAULT);
    }

    @ParameterizedTest
    @ValueSource(ints = {2, 3, 4, 5, 6, 63})
    void reservedBitsOfAValidEntryAreIllegal(int bit) {
        long root = bench.domain(Bench.DEVICE, 5, 3);
        bench.map(root, IOVA, PAGE, Bench.RW);
        bench.memory.write64(bench.entryOf(Bench.DEVICE), Bench.low(3, root, 3) | 1L << bit);
        assertThat(bench.read(IOVA)).isEqualTo(ILLEGAL);
    }

    @Test
    void aDeviceBeyondTheTableIsIllegal() {
        int last = 4096 / DeviceTableEntry.BYTES - 1;
        assertThat(Bench.outcome(bench.unit.translate(last, IOVA, 1))).isEqualTo(UNTRANSLATED);
        assertThat(Bench.outcome(bench.unit.translate(last + 1, IOVA, 1))).isEqualTo(ILLEGAL);
        bench.write(AmdViRegisters.DEV_TAB, bench.table | 1);
        bench.page();
        assertThat(Bench.outcome(bench.unit.translate(last + 1, IOVA, 1)))
                .as("a table of two pages").isNotEqualTo(ILLEGAL);
    }

    @Test
    void theSegmentOfARequesterDoesNotSelectAnEntry() {
        bench.map(bench.domain(Bench.DEVICE, 5, 3), IOVA, PAGE, Bench.RW);
        assertThat(Bench.outcome(bench.unit.translate(0x2_0000 | Bench.DEVICE, IOVA, 1)))
                .isEqualTo(PAGE);
    }

    @Test
    void tablesOutsideMemoryAreHardwareErrors() {
        long root = bench.domain(Bench.DEVICE, 5, 3);
        bench.memory.write64(root, Bench.directory(Bench.OUTSIDE, 2));
        assertThat(bench.read(IOVA))
                .isEqualTo(-EventCode.PAGE_TAB_HARDWARE_ERROR.number());
        bench.write(AmdViRegisters.DEV_TAB, Bench.OUTSIDE);
        assertThat(Bench.outcome(bench.unit.translate(Bench.OTHER, IOVA, 1)))
                .isEqualTo(-EventCode.DEV_TAB_HARDWARE_ERROR.number());
    }

    @Test
    void anAddressBeyondTheLevelsOfTheTableFaults() {
        bench.map(bench.domain(Bench.DEVICE, 5, 3), IOVA, PAGE, Bench.RW);
        assertThat(bench.read(1L << 39 | IOVA)).as("it does not wrap").isEqualTo(FAULT);
        assertThat(bench.read(Long.MIN_VALUE | IOVA)).isEqualTo(FAULT);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 4, 5, 6})
    void tablesHaveOneToSixLevels(int levels) {
        long iova = levels == 1 ? 0x7000 : (1L << Math.min(63, 12 + 9 * (levels - 1))) + 0x7000;
        long root = bench.domain(Bench.DEVICE, 5, levels);
        bench.memory.write64(bench.entry(root, levels, iova, 1), Bench.leaf(PAGE, 3));
        assertThat(bench.read(iova + 4)).isEqualTo(PAGE + 4);
    }

    // ---- ranges ---------------------------------------------------------------------------------

    @Test
    void writesToTheInterruptRangeAreMessagesAndReadsAreInvalid() {
        bench.domain(Bench.DEVICE, 5, 3);
        assertThat(bench.write(0xfee0_0000L)).isEqualTo(UNTRANSLATED);
        assertThat(bench.write(0xfeef_fffcL)).isEqualTo(UNTRANSLATED);
        assertThat(bench.read(0xfee0_0000L))
                .isEqualTo(-EventCode.INVALID_DEVICE_REQUEST.number());
        assertThat(bench.write(0xfef0_0000L)).isEqualTo(FAULT);
        assertThat(bench.write(0xfedf_f000L)).isEqualTo(FAULT);
    }

    @Test
    void theExclusionRangeIsForDevicesWhoseEntryAllowsIt() {
        bench.domain(Bench.DEVICE, 5, 3);
        bench.domain(Bench.OTHER, 6, 3);
        long entry = bench.entryOf(Bench.OTHER) + 8;
        bench.memory.write64(entry, bench.memory.read64(entry) | DeviceTableEntry.EX.mask());
        bench.write(AmdViRegisters.EXCLUSION_BASE, 0x30_0000 | 1);
        bench.write(AmdViRegisters.EXCLUSION_LIMIT, 0x30_1000);
        assertThat(bench.read(0x30_0000)).isEqualTo(FAULT);
        assertThat(excluded(0x2f_ffff)).isFalse();
        assertThat(excluded(0x30_0000)).isTrue();
        assertThat(excluded(0x30_1fff)).as("the limit is a whole page").isTrue();
        assertThat(excluded(0x30_2000)).isFalse();
        bench.write(AmdViRegisters.EXCLUSION_BASE, 0x30_0000 | 3);
        assertThat(bench.read(0x30_0000)).as("Allow").isEqualTo(UNTRANSLATED);
        bench.write(AmdViRegisters.EXCLUSION_BASE, 0x30_0000 | 2);
        assertThat(bench.read(0x30_0000)).as("not in force").isEqualTo(FAULT);
    }

    private boolean excluded(long address) {
        return Bench.outcome(bench.unit.translate(Bench.OTHER, address, 1)) == UNTRANSLATED;
    }
}
