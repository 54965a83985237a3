// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.unit;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.pcie.Access;
import iommu.api.unit.MappingVisitor;
import iommu.api.unit.Translation;
import iommu.api.unit.WalkListener;
import iommu.vtd.FirstStageEntry;
import iommu.vtd.PasidEntry;
import iommu.vtd.SecondStageEntry;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Nothing here can be held against QEMU 7.2, which knows no nesting: the manual alone. */
class NestedTest {

    private static final long IOVA = PasidBench.IOVA;
    private static final long PAGE = PasidBench.PAGE;

    private final PasidBench nested = PasidBench.nested();
    private final Bench bench = nested.bench;

    private long second(long guest, int level) {
        return bench.entry(nested.second, 4, guest, level);
    }

    /** Moves a guest page elsewhere, with its contents. */
    private long move(long guest) {
        long to = bench.page();
        for (int i = 0; i < 4096; i += 8) {
            bench.memory.write64(to + i, bench.memory.read64(guest + i));
        }
        bench.map(nested.second, guest, to, 3);
        return to;
    }

    @Test
    void pageAndTablesGoThroughTheSecondStage() {
        long leaf = nested.leaf();
        for (int level = 1; level <= 4; level++) {
            move(nested.firstEntry(IOVA, level) & -4096L);
        }
        bench.map(nested.second, PAGE, 0x9_9000, 3);
        bench.memory.write64(leaf, 0);
        assertThat(Translation.address(nested.translate(IOVA + 0x18, Access.READ)))
                .isEqualTo(0x9_9018);
    }

    @ParameterizedTest(name = "first stage level {0}, second stage level {1}: 2^{2} bytes")
    @CsvSource({"1, 1, 12", "2, 1, 12", "1, 2, 12", "2, 2, 21", "3, 2, 21", "2, 3, 21"})
    void theSmallerOfBothPagesCounts(int firstLevel, int secondLevel, int shift) {
        long firstSize = 1L << 3 + 9 * firstLevel;
        long guest = 0x1_4000_0000L;
        long large = firstLevel == 1 ? 0 : FirstStageEntry.PS.mask();
        bench.memory.write64(nested.firstEntry(IOVA, firstLevel), guest | large | 7);
        long wanted = guest | IOVA & firstSize - 1;
        long secondSize = 1L << 3 + 9 * secondLevel;
        bench.memory.write64(second(wanted, secondLevel), 0x80_0000_0000L
                | (secondLevel == 1 ? 0 : SecondStageEntry.PS.mask()) | 3);
        long t = nested.read();
        assertThat(Translation.pageShift(t)).isEqualTo(shift);
        assertThat(Translation.address(t)).isEqualTo(0x80_0000_0000L | wanted & secondSize - 1);
        assertThat(nested.translate(IOVA + 8, Access.READ)).isEqualTo(t + 8);
    }

    @Test
    void bothStagesMustGrantTheAccess() {
        bench.map(nested.second, PAGE, PAGE, 1);
        assertThat(Translation.address(nested.read())).isEqualTo(PAGE);
        assertThat(Translation.reason(nested.write())).isEqualTo(0x79);
        nested.orEntry(2, PasidEntry.SRE.mask());
        bench.submit(0x37, 0);
        assertThat(Translation.reason(
                nested.translate(IOVA, Access.WRITE | Access.PRIVILEGED))).isEqualTo(0x79);
        bench.map(nested.second, PAGE, PAGE, 3);
        nested.mapFirst(IOVA, PAGE, 5);
        bench.invalidateIotlb();
        assertThat(Translation.reason(nested.write())).isEqualTo(0x85);
    }

    @Test
    void markingAnEntryNeedsTheSecondStagesLeaveToWriteItsTable() {
        long table = nested.leaf() & -4096L;
        bench.map(nested.second, table, table, 1);
        assertThat(Translation.reason(nested.read())).isEqualTo(0x77);
        for (int level = 1; level <= 4; level++) {
            nested.or(nested.firstEntry(IOVA, level), 0x20);
        }
        assertThat(Translation.address(nested.read())).isEqualTo(PAGE);
    }

    @Test
    void theSecondStagesOwnAccessedAndDirtyBitsAreKept() {
        nested.orEntry(0, PasidEntry.SSADE.mask());
        nested.read();
        assertThat(bench.memory.read64(second(PAGE, 1)) & 0x300).isEqualTo(0x100);
        long table = nested.leaf() & -4096L;
        assertThat(bench.memory.read64(second(table, 1)) & 0x300)
                .as("its entry was marked accessed by a write").isEqualTo(0x300);
        nested.write();
        assertThat(bench.memory.read64(second(PAGE, 1)) & 0x300).isEqualTo(0x300);
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource({"second stage page, 0x210032, 0x1234000, true",
        "second stage page elsewhere, 0x210032, 0x99000, true",
        "second stage page of another domain, 0x220032, 0x1234000, false",
        "domain, 0x210022, 0, true", "PASID, 0x4500210026, 0, true",
        "another PASID, 0x4600210026, 0, false",
        "PASID page, 0x4500210036, 0x7fff12345000, true",
        "PASID page elsewhere, 0x4500210036, 0x7fff12346000, false"})
    void nestedTranslationsAreDroppedByBothStages(String what, String q0, String q1,
            boolean dropped) {
        nested.read();
        bench.map(nested.second, PAGE, 0x9_9000, 3);
        assertThat(Translation.address(nested.read())).isEqualTo(PAGE);
        bench.submit(Long.decode(q0), Long.decode(q1));
        assertThat(Translation.address(nested.read())).as(what)
                .isEqualTo(dropped ? 0x9_9000 : PAGE);
    }

    @Test
    void explainTellsTheSecondStageOfEachTable() {
        var told = new ArrayList<String>();
        long t = bench.unit.explain(Bench.DEVICE, PasidBench.PASID, IOVA, Access.READ,
                (structure, at, words, fields, decision) -> told.add(structure));
        assertThat(Translation.address(t)).isEqualTo(PAGE);
        assertThat(told.stream().filter(s -> s.startsWith("first-stage"))).hasSize(4);
        assertThat(told.stream().filter(s -> s.startsWith("second-stage"))).hasSize(20);
        assertThat(bench.memory.read64(nested.leaf())).as("only looked").isEqualTo(PAGE | 7);
    }

    @Test
    void mappingsTellFirstStageAndNestedPagesOfRidPasid() {
        nested.or(nested.contextEntry() + 8, PasidBench.PASID);
        bench.memory.write64(nested.firstEntry(0x20_0000, 2), 0x40_0000 | 0x87);
        bench.map(nested.second, 0x40_3000, 0x77_7000, 1);
        bench.map(nested.second, 0x40_4000, 0x77_9000, 3);
        nested.mapFirst(0xffff_8000_0000_0000L, PAGE, 5);
        nested.mapFirst(0x1000, PAGE, 3);
        assertThat(mappings()).containsExactly("203000 777000 1000 1", "204000 779000 1000 3",
                "7fff12345000 1234000 1000 3", "ffff800000000000 1234000 1000 1");
        assertThat(mappings()).allSatisfy(row -> {
            String[] words = row.split(" ");
            long t = bench.unit.explain(Bench.DEVICE, Long.parseUnsignedLong(words[0], 16),
                    Access.READ, WalkListener.NONE);
            assertThat(Long.toHexString(Translation.address(t))).isEqualTo(words[1]);
        });
        nested.write(0, Bench.pasidWord(0, PasidEntry.PGTT_FIRST_STAGE, 0));
        assertThat(mappings()).containsExactly("200000 400000 200000 3",
                "7fff12345000 1234000 1000 3", "ffff800000000000 1234000 1000 1");
    }

    private List<String> mappings() {
        var rows = new ArrayList<String>();
        bench.unit.mappings(new MappingVisitor() {
            @Override
            public void mapping(int requester, int domainId, long iova, long physicalAddress,
                    long bytes, int access) {
                assertThat(requester).isEqualTo(Bench.DEVICE);
                assertThat(domainId).isEqualTo(PasidBench.DOMAIN);
                rows.add(Long.toHexString(iova) + " " + Long.toHexString(physicalAddress) + " "
                        + Long.toHexString(bytes) + " " + access);
            }

            @Override
            public void passThrough(int requester, int domainId) {
                throw new AssertionError();
            }
        });
        return rows;
    }

    @Test
    void secondStageAccessedAndDirtyAreKeptWithoutFirstStageToo() {
        var plain = PasidBench.secondStage(0x5000, PasidEntry.SSADE.mask(), Map.of());
        long leaf = plain.bench.entry(plain.second, 4, 0x5000, 1);
        plain.translate(0x5000, Access.READ);
        assertThat(plain.bench.memory.read64(leaf) & 0x300).isEqualTo(0x100);
        plain.translate(0x5000, Access.WRITE);
        assertThat(plain.bench.memory.read64(leaf) & 0x300).isEqualTo(0x300);
        var without = PasidBench.secondStage(0x5000, 0, Map.of());
        without.translate(0x5000, Access.WRITE);
        assertThat(without.bench.memory.read64(without.bench.entry(without.second, 4, 0x5000, 1))
                & 0x300).isZero();
    }
}
