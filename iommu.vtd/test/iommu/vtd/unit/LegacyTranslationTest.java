// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.unit;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.pcie.Access;
import iommu.api.unit.Translation;
import iommu.vtd.ContextEntry;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class LegacyTranslationTest {

    private static final long IOVA = 0xffff_c000L;
    private static final long PAGE = 0x12_3000;

    @Test
    void whileTranslationIsDisabledEveryRequestPassesAsItIs() {
        var bench = Bench.legacy();
        bench.disable();
        assertThat(bench.unit.translating()).isFalse();
        assertThat(bench.read(0x671b_754f_660c_ffc1L)).isEqualTo(Translation.untranslated());
        assertThat(bench.blocked).isEmpty();
    }

    @Test
    void aMappedPageIsTranslatedWithTheOffsetInThePage() {
        var bench = Bench.legacy();
        bench.map(bench.context(Bench.DEVICE, Bench.DOMAIN, 4), IOVA, PAGE, 3);
        long t = bench.read(IOVA + 0x7f4);
        assertThat(Translation.isBlocked(t)).isFalse();
        assertThat(Translation.isUntranslated(t)).isFalse();
        assertThat(Translation.address(t)).isEqualTo(PAGE + 0x7f4);
        assertThat(Translation.pageShift(t)).isEqualTo(12);
    }

    @Test
    void theSegmentOfTheRequesterIsNotLookedAt() {
        var bench = Bench.legacy();
        bench.map(bench.context(Bench.DEVICE, Bench.DOMAIN, 4), IOVA, PAGE, 3);
        long t = bench.unit.translate(Bench.DEVICE | 5 << 16, IOVA, Access.READ);
        assertThat(Translation.address(t)).isEqualTo(PAGE);
    }

    @ParameterizedTest
    @CsvSource({"3, 0x7fffffe000", "4, 0xfffffffff000", "5, 0x1fffffffffff000"})
    void tablesOfThreeFourAndFiveLevelsReachTheirWholeWidth(int levels, String last) {
        long iova = Long.decode(last);
        var bench = Bench.legacy(Bench.wideCap(), Bench.ECAP, Map.of());
        long table = bench.context(Bench.DEVICE, Bench.DOMAIN, levels);
        bench.memory.write64(bench.entry(table, levels, iova, 1), PAGE | 1);
        assertThat(Translation.address(bench.read(iova + 8))).isEqualTo(PAGE + 8);
    }

    @ParameterizedTest
    @CsvSource({"2, 21, 0x1ffff8", "3, 30, 0x3ffffff8"})
    void largePagesAreTranslatedWithTheirWholeOffset(int level, int shift, String inPage) {
        long offset = Long.decode(inPage);
        var bench = Bench.legacy();
        long table = bench.context(Bench.DEVICE, Bench.DOMAIN, 4);
        bench.memory.write64(bench.entry(table, 4, 1L << 30, level), 1L << 31 | 0x83);
        for (int again = 0; again < 2; again++) {
            long t = bench.write((1L << 30) + offset);
            assertThat(Translation.address(t)).isEqualTo((1L << 31) + offset);
            assertThat(Translation.pageShift(t)).isEqualTo(shift);
        }
    }

    @ParameterizedTest
    @CsvSource({"1, 3, 3, 3, 1", "3, 1, 3, 3, 1", "3, 3, 3, 2, 2", "3, 3, 1, 2, 0", "3, 3, 3, 3, 3",
        "2, 3, 3, 1, 0"})
    void rightsAreThoseOfAllLevelsTogether(int l4, int l3, int l2, int l1, int granted) {
        var bench = Bench.legacy();
        long table = bench.context(Bench.DEVICE, Bench.DOMAIN, 4);
        int[] rights = {0, l1, l2, l3, l4};
        bench.memory.write64(bench.entry(table, 4, IOVA, 1), PAGE);
        for (int level = 1; level <= 4; level++) {
            long at = bench.entry(table, 4, IOVA, level);
            bench.memory.write64(at, bench.memory.read64(at) & ~3L | rights[level]);
        }
        assertThat(Translation.isBlocked(bench.read(IOVA))).isEqualTo((granted & 1) == 0);
        assertThat(Translation.isBlocked(bench.write(IOVA))).isEqualTo((granted & 2) == 0);
    }

    @Test
    void passThroughGivesTheAddressItself() {
        var bench = Bench.legacy();
        bench.context(Bench.DEVICE, Bench.DOMAIN, 4, ContextEntry.TT_PASS_THROUGH, 0);
        long t = bench.write(0x1234_5678L);
        assertThat(Translation.isUntranslated(t)).isFalse();
        assertThat(Translation.address(t)).isEqualTo(0x1234_5678L);
        assertThat(Translation.address(bench.write(0xffff_ffff_f000L)))
                .isEqualTo(0xffff_ffff_f000L);
    }

    @Test
    void translationType1IsWalkedLike0WhereTheUnitHasDeviceTlbs() {
        var bench = Bench.legacy(Bench.CAP, Bench.deviceTlbEcap(), Map.of());
        long table = bench.page();
        bench.context(Bench.DEVICE, Bench.DOMAIN, 4, ContextEntry.TT_ALL, table);
        bench.map(table, IOVA, PAGE, 3);
        assertThat(Translation.address(bench.read(IOVA))).isEqualTo(PAGE);
    }

    @ParameterizedTest
    @ValueSource(longs = {0xfee0_0000L, 0xfee0_1004L, 0xfeef_fffcL})
    void aWriteToTheInterruptRangeIsAMessageAndNotTranslated(long address) {
        var bench = Bench.legacy();
        bench.map(bench.context(Bench.DEVICE, Bench.DOMAIN, 4), address & ~0xfff, PAGE, 3);
        assertThat(bench.write(address)).isEqualTo(Translation.untranslated());
        assertThat(Translation.reason(bench.read(address))).isEqualTo(0x0e);
    }

    @ParameterizedTest
    @ValueSource(longs = {0xfedf_f000L, 0xfef0_0000L, 0x1_fee0_0000L})
    void besideTheInterruptRangeAddressesAreMemory(long address) {
        var bench = Bench.legacy();
        bench.map(bench.context(Bench.DEVICE, Bench.DOMAIN, 4), address, PAGE, 3);
        assertThat(Translation.address(bench.write(address))).isEqualTo(PAGE);
    }

    @ParameterizedTest
    @ValueSource(ints = {3, 4, 5, 6, 8, 9, 52, 61, 63})
    void bitsThatTheManualIgnoresInALeafDoNotMatter(int bit) {
        var bench = Bench.legacy();
        long table = bench.context(Bench.DEVICE, Bench.DOMAIN, 4);
        bench.memory.write64(bench.entry(table, 4, IOVA, 1), PAGE | 3 | 1L << bit);
        assertThat(Translation.address(bench.read(IOVA))).isEqualTo(PAGE);
    }

    @Test
    void pageSizeBitOfALowestLevelEntryIsIgnored() {
        var bench = Bench.legacy();
        long table = bench.context(Bench.DEVICE, Bench.DOMAIN, 4);
        bench.memory.write64(bench.entry(table, 4, IOVA, 1), PAGE | 0x83);
        assertThat(Translation.pageShift(bench.read(IOVA))).isEqualTo(12);
    }
}
