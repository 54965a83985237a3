// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.unit;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.unit.Translation;
import iommu.vtd.VtdRegisters;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The paging-structure caches, seen from outside: a table replaced, and who still uses the old. */
class StructureCacheTest {

    private static final long IOVA = 0x4000_1000L;
    private static final long OLD = 0x200_0000L;
    private static final long NEW = 0x300_0000L;

    private Bench bench = Bench.legacy();
    private long table;

    /** Walks to the page beside IOVA, then gives the level a new table that maps IOVA elsewhere. */
    private void replaceTable(int level) {
        table = bench.context(Bench.DEVICE, Bench.DOMAIN, 4);
        bench.map(table, IOVA, OLD, 3);
        bench.map(table, IOVA + 0x1000, OLD + 0x1000, 3);
        bench.read(IOVA + 0x1000);
        long entry = bench.entry(table, 4, IOVA, level + 1);
        bench.memory.write64(entry, bench.page() | 3);
        bench.map(table, IOVA, NEW, 3);
    }

    private boolean stale() {
        return Translation.address(bench.read(IOVA)) == OLD;
    }

    @ParameterizedTest(name = "table of level {0}")
    @CsvSource({"1", "2", "3"})
    void aReplacedTableIsUsedUntilItIsInvalidated(int level) {
        replaceTable(level);
        assertThat(stale()).isTrue();
        bench.invalidateIotlb();
        assertThat(stale()).isFalse();
    }

    @Test
    void aUnitWithoutThemReadsTheTablesEachTime() {
        bench = Bench.legacy(Bench.CAP, Bench.ECAP, Map.of("structureCacheEntries", 0L));
        replaceTable(1);
        assertThat(stale()).isFalse();
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource({
        "global, 0x12, 0, false", "domain, 0x70022, 0, false", "other domain, 0x80022, 0, true",
        "page, 0x70032, 0x40001000, false", "page with hint, 0x70032, 0x40001040, true",
        "page under the same table, 0x70032, 0x401ff000, false",
        "page under another table, 0x70032, 0x40200000, true",
        "pages that reach the table, 0x70032, 0x4020000a, false",
        "context, 0x11, 0, true", "PASID, 0x70026, 0, true"})
    void eachGranularityDropsWhatItSays(String what, String q0, String q1, boolean stale) {
        replaceTable(1);
        bench.submit(Long.decode(q0), Long.decode(q1));
        assertThat(stale()).as(what).isEqualTo(stale);
    }

    @Test
    void theHintOfTheRegisterKeepsThemAndItsAbsenceDoesNot() {
        replaceTable(1);
        for (long hint : new long[] {1 << 6, 0}) {
            bench.write(VtdRegisters.iva(bench.ecap), IOVA | hint);
            bench.write(VtdRegisters.iotlb(bench.ecap),
                    VtdRegisters.IVT.mask() | 3L << 60 | (long) Bench.DOMAIN << 32);
            boolean stale = stale();
            assertThat(stale).isEqualTo(hint != 0);
        }
    }

    @Test
    void theyMakeNoFaults() {
        replaceTable(1);
        long old = bench.entry(table, 4, IOVA, 2);
        long oldTable = bench.memory.read64(old);
        assertThat(stale()).isTrue();
        bench.invalidateIotlb();
        bench.read(IOVA);
        bench.memory.write64(old, bench.page() | 3);
        bench.map(table, IOVA + 0x5000, NEW, 3);
        assertThat(Translation.address(bench.read(IOVA + 0x5000)))
                .as("not there in the table that is cached").isEqualTo(NEW);
        assertThat(oldTable).isNotZero();
        assertThat(bench.blocked).isEmpty();
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource({"PASID, 0x4500210026, 0, false", "another PASID, 0x4600210026, 0, true",
        "domain, 0x210022, 0, false", "second-stage page, 0x210032, 0x7fff12345000, true",
        "PASID page, 0x4500210036, 0x7fff12345000, false",
        "PASID page with hint, 0x4500210036, 0x7fff12345040, true"})
    void firstStageTablesAreDroppedByPasid(String what, String q0, String q1, boolean stale) {
        var pasid = PasidBench.firstStage();
        pasid.mapFirst(PasidBench.IOVA + 0x1000, OLD, 7);
        pasid.translate(PasidBench.IOVA + 0x1000, 1);
        pasid.bench.memory.write64(pasid.firstEntry(PasidBench.IOVA, 2),
                pasid.bench.page() | 7);
        pasid.mapFirst(PasidBench.IOVA, NEW, 7);
        pasid.bench.submit(Long.decode(q0), Long.decode(q1));
        assertThat(Translation.address(pasid.read())).as(what)
                .isEqualTo(stale ? PasidBench.PAGE : NEW);
    }
}
