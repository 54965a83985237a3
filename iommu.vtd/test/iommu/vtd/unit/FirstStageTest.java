// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.unit;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.pcie.Access;
import iommu.api.unit.Translation;
import iommu.api.unit.WalkListener;
import iommu.vtd.FirstStageEntry;
import iommu.vtd.PasidEntry;
import iommu.vtd.ScalableContextEntry;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Nothing here can be held against QEMU 7.2, which knows no first stage: the manual alone. */
class FirstStageTest {

    private static final long IOVA = PasidBench.IOVA;
    private static final long PAGE = PasidBench.PAGE;
    private static final int READ = Access.READ;
    private static final int WRITE = Access.WRITE;
    private static final int EXECUTE = Access.READ | Access.EXECUTE;

    private static long address(long translation) {
        return Translation.isBlocked(translation) ? -Translation.reason(translation)
                : Translation.address(translation);
    }

    @ParameterizedTest(name = "level {0}, five levels {1}")
    @CsvSource({"1, false", "2, false", "3, false", "1, true", "2, true", "3, true"})
    void pagesOfEachSizeAreFoundInTablesOfBothHeights(int level, boolean five) {
        var bench = PasidBench.firstStage();
        if (five) {
            bench.first = bench.bench.page();
            bench.write(2, bench.first | 4);
        }
        long size = 1L << 3 + 9 * level;
        long to = 0x7_4000_0000L & -size;
        long large = level == 1 ? 0 : FirstStageEntry.PS.mask();
        bench.bench.memory.write64(bench.firstEntry(IOVA, level), to | large | 7);
        long t = bench.translate(IOVA + 0x123, READ);
        assertThat(address(t)).isEqualTo(to | IOVA + 0x123 & size - 1);
        assertThat(Translation.pageShift(t)).isEqualTo(3 + 9 * level);
        assertThat(bench.translate(IOVA + 0x128, READ)).as("from the cache").isEqualTo(t + 5);
    }

    @ParameterizedTest(name = "{0}, five levels {1}: canonical {2}")
    @CsvSource({"0x7fffffffffff, false, true", "0x800000000000, false, false",
        "0xffff7fffffffffff, false, false", "0xffff800000000000, false, true",
        "0x800000000000, true, true", "0xffffffffffffff, true, true",
        "0x100000000000000, true, false", "0xff00000000000000, true, true"})
    void anAddressMustBeCanonical(String text, boolean five, boolean canonical) {
        var bench = PasidBench.firstStage();
        bench.write(2, bench.first | (five ? 4 : 0));
        long t = bench.translate(Long.parseUnsignedLong(text.substring(2), 16), READ);
        assertThat(Translation.reason(t)).isEqualTo(canonical ? 0x71 : 0x80);
    }

    @Test
    void theUpperHalfIsMappedLikeTheLower() {
        var bench = PasidBench.firstStage();
        long upper = 0xffff_8000_0000_3000L;
        bench.mapFirst(upper, PAGE + 0x1000, 7);
        assertThat(address(bench.translate(upper + 8, READ))).isEqualTo(PAGE + 0x1008);
        assertThat(address(bench.translate(upper + 16, READ))).isEqualTo(PAGE + 0x1010);
    }

    /**
     * Rows of "Access Rights" of first-stage translation: leaf flags, PASID entry flags above SRE
     * and ERE, the request, and the reason or 0.
     */
    @ParameterizedTest(name = "leaf {0}, {1}, request {2}: {3}")
    @CsvSource({
        "RW US,    -,        R,   0x00", "RW US,    -,        W,   0x00",
        "US,       -,        R,   0x00", "US,       -,        W,   0x85",
        "RW,       -,        R,   0x81", "RW,       -,        W,   0x81",
        "RW,       -,        PR,  0x00", "RW,       -,        PW,  0x00",
        "-,        -,        PR,  0x00", "-,        -,        PW,  0x00",
        "-,        WPE,      PR,  0x00", "-,        WPE,      PW,  0x85",
        "US,       -,        PW,  0x00", "US,       WPE,      PW,  0x85",
        "RW US,    WPE,      PW,  0x00", "RW US,    -,        X,   0x00",
        "RW US,    NXE,      X,   0x00", "RW US XD, NXE,      X,   0x82",
        "RW US XD, NXE,      R,   0x00", "RW US XD, -,        R,   0x72",
        "RW,       -,        PX,  0x00", "RW XD,    NXE,      PX,  0x82",
        "RW US,    -,        PX,  0x00", "RW US,    SMEP,     PX,  0x82",
        "RW,       SMEP,     PX,  0x00", "RW US,    SMEP,     PR,  0x00",
        "RW US,    SMEP,     X,   0x00"})
    void aLeafGrantsWhatTheManualSays(String leaf, String entry, String request, String reason) {
        var bench = PasidBench.firstStage();
        bench.orEntry(2, 3 | flag(entry, "WPE", PasidEntry.WPE.mask())
                | flag(entry, "NXE", PasidEntry.NXE.mask())
                | flag(entry, "SMEP", PasidEntry.SMEP.mask()));
        bench.mapFirst(IOVA, PAGE, 1 | flag(leaf, "RW", 2) | flag(leaf, "US", 4)
                | flag(leaf, "XD", 1L << 63));
        int access = (request.contains("W") ? WRITE : READ)
                | (request.contains("X") ? Access.EXECUTE : 0)
                | (request.contains("P") ? Access.PRIVILEGED : 0);
        long explained = bench.bench.unit.explain(Bench.DEVICE, PasidBench.PASID, IOVA, access,
                WalkListener.NONE);
        for (int i = 0; i < 2; i++) {
            long t = bench.translate(IOVA, access);
            assertThat(Translation.isBlocked(t) ? Translation.reason(t) : 0)
                    .isEqualTo(Integer.decode(reason));
            assertThat(t).isEqualTo(explained);
            // what another request had cached must not change that
            bench.translate(IOVA, READ | Access.PRIVILEGED);
            bench.translate(IOVA, WRITE | Access.PRIVILEGED);
        }
    }

    private static long flag(String words, String name, long bits) {
        return List.of(words.split(" ")).contains(name) ? bits : 0;
    }

    /** A right that any level above the leaf lacks is lacking. */
    @ParameterizedTest(name = "level {0} without {1}: {2}")
    @CsvSource({"2, 2, 0x85", "3, 2, 0x85", "4, 2, 0x85", "2, 4, 0x81", "4, 4, 0x81"})
    void rightsCombineOverLevels(int level, int lacking, String reason) {
        var bench = PasidBench.firstStage();
        bench.clear(bench.firstEntry(IOVA, level), lacking);
        assertThat(Translation.reason(bench.write())).isEqualTo(Integer.decode(reason));
        bench.or(bench.firstEntry(IOVA, level), lacking);
        assertThat(address(bench.write())).as("nothing of it was cached").isEqualTo(PAGE);
    }

    @Test
    void readingMarksEntriesAccessedAndWritingTheLeafDirty() {
        var bench = PasidBench.firstStage();
        long[] entries = {bench.leaf(), bench.firstEntry(IOVA, 2), bench.firstEntry(IOVA, 3),
            bench.firstEntry(IOVA, 4)};
        bench.bench.unit.explain(Bench.DEVICE, PasidBench.PASID, IOVA, READ, WalkListener.NONE);
        for (long at : entries) {
            assertThat(bench.bench.memory.read64(at) & 0x460).as("explain only looks").isZero();
        }
        bench.read();
        for (long at : entries) {
            assertThat(bench.bench.memory.read64(at) & 0x460).isEqualTo(0x20);
        }
        bench.write();
        assertThat(bench.bench.memory.read64(bench.leaf()) & 0x460)
                .as("though the read had cached the page").isEqualTo(0x60);
        assertThat(bench.bench.memory.read64(entries[1]) & 0x460).isEqualTo(0x20);
    }

    @Test
    void aDeniedWriteMarksNothingDirty() {
        var bench = PasidBench.firstStage();
        bench.mapFirst(IOVA, PAGE, 5);
        bench.write();
        assertThat(bench.bench.memory.read64(bench.leaf())).isEqualTo(PAGE | 5);
    }

    @Test
    void extendedAccessedIsSetWhereTheEntryEnablesIt() {
        var bench = PasidBench.firstStage();
        bench.orEntry(2, PasidEntry.EAFE.mask());
        bench.read();
        assertThat(bench.bench.memory.read64(bench.leaf()) & 0x460).isEqualTo(0x420);
        assertThat(bench.bench.memory.read64(bench.firstEntry(IOVA, 3)) & 0x460).isEqualTo(0x420);
    }

    @Test
    void withoutSnoopingNothingIsMarkedAndMarkedPagesStillWork() {
        var bench = PasidBench.firstStage();
        bench.write(1, PasidBench.DOMAIN);
        assertThat(Translation.reason(bench.read())).isEqualTo(0x90);
        for (int level = 1; level <= 4; level++) {
            bench.or(bench.firstEntry(IOVA, level), 0x20);
        }
        assertThat(address(bench.read())).isEqualTo(PAGE);
        assertThat(Translation.reason(bench.write())).isEqualTo(0x90);
        bench.or(bench.leaf(), 0x40);
        assertThat(address(bench.write())).isEqualTo(PAGE);
    }

    @Test
    void aRequestWithoutPasidTakesThePrivilegeOfItsContextEntry() {
        var bench = PasidBench.firstStage();
        bench.or(bench.contextEntry() + 8, PasidBench.PASID);
        bench.mapFirst(IOVA, PAGE, 3);
        assertThat(Translation.reason(bench.bench.read(IOVA))).isEqualTo(0x81);
        bench.or(bench.contextEntry() + 8, ScalableContextEntry.RID_PRIV.mask());
        bench.bench.invalidateContexts();
        assertThat(Translation.reason(bench.bench.read(IOVA))).isEqualTo(0x5d);
        bench.orEntry(2, PasidEntry.SRE.mask());
        bench.bench.submit(0x37, 0);
        assertThat(address(bench.bench.read(IOVA))).isEqualTo(PAGE);
    }

    @ParameterizedTest
    @ValueSource(longs = {0x2000, 0x1000_0000})
    void reservedBitsOfLargePagesAreThoseBelowTheirSize(long bit) {
        var bench = PasidBench.firstStage();
        int level = bit == 0x2000 ? 2 : 3;
        bench.bench.memory.write64(bench.firstEntry(IOVA, level), 0x4000_0000L | bit | 0x87);
        assertThat(Translation.reason(bench.read())).isEqualTo(0x72);
        bench.bench.memory.write64(bench.firstEntry(IOVA, level), 0x4000_0000L | 0x1000 | 0x87);
        assertThat(Translation.isBlocked(bench.read())).as("bit 12 is PAT").isFalse();
    }

    @Test
    void withoutGigabytePagesTheirSizeBitIsReserved() {
        var bench = new PasidBench(PasidBench.CAP & ~(1L << 56), PasidBench.ECAP, Map.of());
        bench.first = bench.bench.page();
        bench.write(0, Bench.pasidWord(0, PasidEntry.PGTT_FIRST_STAGE, 0));
        bench.write(1, PasidBench.SNOOPED);
        bench.write(2, bench.first);
        bench.bench.memory.write64(bench.firstEntry(IOVA, 3), 0x4000_0000L | 0x87);
        assertThat(Translation.reason(bench.read())).isEqualTo(0x72);
    }

    @Test
    void theWalkIsToldEntryByEntry() {
        var bench = PasidBench.firstStage();
        var told = new ArrayList<String>();
        bench.bench.unit.explain(Bench.DEVICE, PasidBench.PASID, IOVA, EXECUTE,
                (structure, at, words, fields, decision) -> told.add(structure));
        assertThat(told).containsExactly("scalable-mode root entry",
                "scalable-mode context entry", "PASID directory entry", "PASID entry");
        bench.orEntry(2, 3);
        told.clear();
        bench.bench.unit.explain(Bench.DEVICE, PasidBench.PASID, IOVA, EXECUTE,
                (structure, at, words, fields, decision) -> told.add(structure));
        assertThat(told).hasSize(8).endsWith("first-stage entry, level 2",
                "first-stage entry, level 1");
    }
}
