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

    private final Fixture fixture = Fixture.on();

    @Test
    void aMappedPageIsTranslatedWithItsOffset() {
        fixture.map(fixture.domain(Fixture.DEVICE, 5, 3), IOVA, PAGE, Fixture.RW);
        long t = fixture.translate(IOVA + 0x123, Access.READ);
        assertThat(Translation.address(t)).isEqualTo(PAGE + 0x123);
        assertThat(Translation.pageShift(t)).isEqualTo(12);
        assertThat(fixture.blocked).isEmpty();
    }

    @Test
    void aPageThatIsNotPresentFaults() {
        fixture.map(fixture.domain(Fixture.DEVICE, 5, 3), IOVA, PAGE, Fixture.RW);
        assertThat(fixture.read(0x6000)).isEqualTo(FAULT);
        assertThat(fixture.write(1L << 30)).isEqualTo(FAULT);
    }

    @ParameterizedTest
    @CsvSource({"3,3,3, true, true", "1,3,3, true, false", "3,1,3, true, false",
        "3,3,1, true, false", "2,3,3, false, true", "3,2,3, false, true", "3,3,2, false, true",
        "1,2,3, false, false", "0,3,3, false, false", "3,0,3, false, false",
        "3,3,0, false, false"})
    void rightsAreThoseOfEntryDirectoryAndPageTogether(int entry, int directory, int leaf,
            boolean reads, boolean writes) {
        long root = fixture.domain(Fixture.DEVICE, 5, 3);
        fixture.map(root, IOVA, PAGE, leaf);
        fixture.memory.write64(root, fixture.memory.read64(root) & ~(3L << 61)
                | (long) directory << 61);
        fixture.memory.write64(fixture.entryOf(Fixture.DEVICE), Fixture.low(3, root, entry));
        assertThat(fixture.read(IOVA)).isEqualTo(reads ? PAGE : FAULT);
        assertThat(fixture.write(IOVA)).isEqualTo(writes ? PAGE : FAULT);
    }

    @Test
    void aDisabledUnitTranslatesNothing() {
        var off = Fixture.off(Map.of());
        assertThat(off.unit.translating()).isFalse();
        assertThat(off.read(IOVA)).isEqualTo(UNTRANSLATED);
    }

    @Test
    void withoutVRequestsAreForwardedUnchanged() {
        fixture.memory.write64(fixture.entryOf(Fixture.DEVICE), 0x7cL | 7 << 9);
        assertThat(fixture.read(IOVA)).as("nothing else of the entry counts")
                .isEqualTo(UNTRANSLATED);
        assertThat(fixture.write(-8)).isEqualTo(UNTRANSLATED);
    }

    @Test
    void withoutTvRequestsAreBlockedWhateverTheRestSays() {
        long root = fixture.domain(Fixture.DEVICE, 5, 3);
        fixture.map(root, IOVA, PAGE, Fixture.RW);
        fixture.memory.write64(fixture.entryOf(Fixture.DEVICE), Fixture.low(3, root, 3) & ~2);
        assertThat(fixture.read(IOVA)).isEqualTo(FAULT);
        fixture.invalidateEntry(Fixture.DEVICE);
        fixture.memory.write64(fixture.entryOf(Fixture.DEVICE), Fixture.low(0, 0, 3) & ~2);
        assertThat(fixture.read(IOVA)).isEqualTo(FAULT);
    }

    @Test
    void inMode0RightsAloneDecide() {
        fixture.entry(Fixture.DEVICE, 5, 0, 0, Access.READ);
        long far = 0x000f_1234_5678_9abcL;
        assertThat(fixture.read(far)).isEqualTo(far);
        assertThat(fixture.write(far)).isEqualTo(FAULT);
        fixture.entry(Fixture.OTHER, 0, 0, 0, Access.NONE);
        assertThat(Fixture.outcome(fixture.unit.translate(Fixture.OTHER, far, Access.READ)))
                .as("as Linux blocks devices without domain").isEqualTo(FAULT);
    }

    @Test
    void mode7AndModesDeeperThanTheUnitWalksAreIllegal() {
        fixture.entry(Fixture.DEVICE, 5, 7, 0x10_0000, Fixture.RW);
        assertThat(fixture.read(IOVA)).isEqualTo(ILLEGAL);
        var four = Fixture.off(0x21d3L, Map.of());
        four.control(Fixture.RUNNING);
        four.entry(Fixture.DEVICE, 5, 5, 0x10_0000, Fixture.RW);
        assertThat(four.read(IOVA)).as("HATS 0: four levels").isEqualTo(ILLEGAL);
        four.entry(Fixture.DEVICE, 5, 4, four.page(), Fixture.RW);
        assertThat(four.read(IOVA)).isEqualTo(FAULT);
    }

    @ParameterizedTest
    @ValueSource(ints = {2, 3, 4, 5, 6, 63})
    void reservedBitsOfAValidEntryAreIllegal(int bit) {
        long root = fixture.domain(Fixture.DEVICE, 5, 3);
        fixture.map(root, IOVA, PAGE, Fixture.RW);
        fixture.memory.write64(fixture.entryOf(Fixture.DEVICE), Fixture.low(3, root, 3)
                | 1L << bit);
        assertThat(fixture.read(IOVA)).isEqualTo(ILLEGAL);
    }

    @Test
    void aDeviceBeyondTheTableIsIllegal() {
        int last = 4096 / DeviceTableEntry.BYTES - 1;
        assertThat(Fixture.outcome(fixture.unit.translate(last, IOVA, 1))).isEqualTo(UNTRANSLATED);
        assertThat(Fixture.outcome(fixture.unit.translate(last + 1, IOVA, 1))).isEqualTo(ILLEGAL);
        fixture.write(AmdViRegisters.DEV_TAB, fixture.table | 1);
        fixture.page();
        assertThat(Fixture.outcome(fixture.unit.translate(last + 1, IOVA, 1)))
                .as("a table of two pages").isNotEqualTo(ILLEGAL);
    }

    @Test
    void theSegmentOfARequesterDoesNotSelectAnEntry() {
        fixture.map(fixture.domain(Fixture.DEVICE, 5, 3), IOVA, PAGE, Fixture.RW);
        assertThat(Fixture.outcome(fixture.unit.translate(0x2_0000 | Fixture.DEVICE, IOVA, 1)))
                .isEqualTo(PAGE);
    }

    @Test
    void tablesOutsideMemoryAreHardwareErrors() {
        long root = fixture.domain(Fixture.DEVICE, 5, 3);
        fixture.memory.write64(root, Fixture.directory(Fixture.OUTSIDE, 2));
        assertThat(fixture.read(IOVA))
                .isEqualTo(-EventCode.PAGE_TAB_HARDWARE_ERROR.number());
        fixture.write(AmdViRegisters.DEV_TAB, Fixture.OUTSIDE);
        assertThat(Fixture.outcome(fixture.unit.translate(Fixture.OTHER, IOVA, 1)))
                .isEqualTo(-EventCode.DEV_TAB_HARDWARE_ERROR.number());
    }

    @Test
    void anAddressBeyondTheLevelsOfTheTableFaults() {
        fixture.map(fixture.domain(Fixture.DEVICE, 5, 3), IOVA, PAGE, Fixture.RW);
        assertThat(fixture.read(1L << 39 | IOVA)).as("it does not wrap").isEqualTo(FAULT);
        assertThat(fixture.read(Long.MIN_VALUE | IOVA)).isEqualTo(FAULT);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 4, 5, 6})
    void tablesHaveOneToSixLevels(int levels) {
        long iova = levels == 1 ? 0x7000 : (1L << Math.min(63, 12 + 9 * (levels - 1))) + 0x7000;
        long root = fixture.domain(Fixture.DEVICE, 5, levels);
        fixture.memory.write64(fixture.entry(root, levels, iova, 1), Fixture.leaf(PAGE, 3));
        assertThat(fixture.read(iova + 4)).isEqualTo(PAGE + 4);
    }

    // ---- ranges ---------------------------------------------------------------------------------

    @Test
    void writesToTheInterruptRangeAreMessagesAndReadsAreInvalid() {
        fixture.domain(Fixture.DEVICE, 5, 3);
        assertThat(fixture.write(0xfee0_0000L)).isEqualTo(UNTRANSLATED);
        assertThat(fixture.write(0xfeef_fffcL)).isEqualTo(UNTRANSLATED);
        assertThat(fixture.read(0xfee0_0000L))
                .isEqualTo(-EventCode.INVALID_DEVICE_REQUEST.number());
        assertThat(fixture.write(0xfef0_0000L)).isEqualTo(FAULT);
        assertThat(fixture.write(0xfedf_f000L)).isEqualTo(FAULT);
    }

    @Test
    void theExclusionRangeIsForDevicesWhoseEntryAllowsIt() {
        fixture.domain(Fixture.DEVICE, 5, 3);
        fixture.domain(Fixture.OTHER, 6, 3);
        long entry = fixture.entryOf(Fixture.OTHER) + 8;
        fixture.memory.write64(entry, fixture.memory.read64(entry) | DeviceTableEntry.EX.mask());
        fixture.write(AmdViRegisters.EXCLUSION_BASE, 0x30_0000 | 1);
        fixture.write(AmdViRegisters.EXCLUSION_LIMIT, 0x30_1000);
        assertThat(fixture.read(0x30_0000)).isEqualTo(FAULT);
        assertThat(excluded(0x2f_ffff)).isFalse();
        assertThat(excluded(0x30_0000)).isTrue();
        assertThat(excluded(0x30_1fff)).as("the limit is a whole page").isTrue();
        assertThat(excluded(0x30_2000)).isFalse();
        fixture.write(AmdViRegisters.EXCLUSION_BASE, 0x30_0000 | 3);
        assertThat(fixture.read(0x30_0000)).as("Allow").isEqualTo(UNTRANSLATED);
        fixture.write(AmdViRegisters.EXCLUSION_BASE, 0x30_0000 | 2);
        assertThat(fixture.read(0x30_0000)).as("not in force").isEqualTo(FAULT);
    }

    private boolean excluded(long address) {
        return Fixture.outcome(fixture.unit.translate(Fixture.OTHER, address, 1)) == UNTRANSLATED;
    }
}
