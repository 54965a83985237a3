// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.unit.invalidation;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.unit.Interrupt;
import iommu.api.unit.Translation;
import iommu.vtd.PasidEntry;
import iommu.vtd.unit.Bench;
import iommu.vtd.unit.PasidBench;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Each granularity of each descriptor against each cache: what stays in it. C is the context entry,
 * P the PASID entry, T the table of level 1, L the leaf, I the interrupt entry.
 */
class InvalidationMatrixTest {

    private static final long IOVA = 0x4000_0000L;
    /** Under the same table, not yet in the IOTLB. */
    private static final long BESIDE = 0x5000;
    private static final long OLD = 0x20_0000;
    private static final long NEW = 0x30_0000;
    private static final int INDEX = 5;

    // ---- legacy mode ----------------------------------------------------------------------------

    /** Fills the caches, makes what one of them holds stale, and has a descriptor executed. */
    private static boolean staysInLegacyMode(char cache, long q0, long q1) {
        var bench = Bench.legacy();
        bench.remapInterrupts();
        bench.memory.write64(bench.interruptEntry(INDEX), 1 | 0x41L << 16);
        long table = bench.context(Bench.DEVICE, Bench.DOMAIN, 4);
        bench.map(table, IOVA, OLD, 3);
        bench.map(table, IOVA + BESIDE, OLD, 3);
        assertThat(Translation.address(bench.read(IOVA))).isEqualTo(OLD);
        assertThat(vector(bench)).isEqualTo(0x41);
        switch (cache) {
            case 'C' -> {
                long other = bench.context(Bench.DEVICE, Bench.DOMAIN + 1, 4);
                bench.map(other, IOVA, NEW, 3);
            }
            case 'T' -> {
                bench.memory.write64(bench.entry(table, 4, IOVA, 2), bench.page() | 3);
                bench.map(table, IOVA + BESIDE, NEW, 3);
            }
            case 'L' -> bench.map(table, IOVA, NEW, 3);
            default -> bench.memory.write64(bench.interruptEntry(INDEX), 1 | 0x42L << 16);
        }
        bench.submit(q0, q1);
        return switch (cache) {
            case 'I' -> vector(bench) == 0x41;
            case 'T' -> Translation.address(bench.read(IOVA + BESIDE)) == OLD;
            default -> Translation.address(bench.read(IOVA)) == OLD;
        };
    }

    private static int vector(Bench bench) {
        return Interrupt.vector(bench.unit.interrupt(Bench.DEVICE,
                0xfee0_0010L | (long) INDEX << 5, 0));
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource({
        "context global, 0x11, 0, TLI", "context domain 7, 0x70021, 0, TLI",
        "context domain 8, 0x80021, 0, CTLI", "context device, 0x10800070031, 0, TLI",
        "context device of another domain, 0x10800090031, 0, TLI",
        "context other device, 0x10900070031, 0, CTLI",
        "context 109 with function mask 1, 0x1010900070031, 0, CTLI",
        "context 10c with function mask 1, 0x1010c00070031, 0, TLI",
        "context 109 with function mask 2, 0x2010900070031, 0, CTLI",
        "context 10e with function mask 2, 0x2010e00070031, 0, TLI",
        "context 109 with function mask 3, 0x3010900070031, 0, TLI",
        "context 208 with function mask 3, 0x3020800070031, 0, CTLI",
        "IOTLB global, 0x12, 0, CI", "IOTLB domain 7, 0x70022, 0, CI",
        "IOTLB domain 8, 0x80022, 0, CTLI", "IOTLB page, 0x70032, 0x40000000, CI",
        "IOTLB page with hint, 0x70032, 0x40000040, CTI",
        "IOTLB page of domain 8, 0x80032, 0x40000000, CTLI",
        "IOTLB page beside, 0x70032, 0x40001000, CLI",
        "IOTLB page beside with hint, 0x70032, 0x40001040, CTLI",
        "IOTLB page under another table, 0x70032, 0x40200000, CTLI",
        "IOTLB 2 MiB, 0x70032, 0x40000009, CI", "IOTLB 2 MiB with hint, 0x70032, 0x40000049, CTI",
        "IOTLB next 2 MiB, 0x70032, 0x40200009, CTLI", "IOTLB 1 GiB, 0x70032, 0x40000012, CI",
        "IOTLB first GiB, 0x70032, 0x12, CTLI",
        "interrupt entries, 0x4, 0, CTL", "interrupt entry 5, 0x500000014, 0, CTL",
        "interrupt entry 6, 0x600000014, 0, CTLI",
        "interrupt entries 4 and 5, 0x408000014, 0, CTL",
        "interrupt entries 6 and 7, 0x608000014, 0, CTLI",
        "interrupt entries 0 to 7, 0x18000014, 0, CTL",
        "interrupt entries 8 to f, 0x818000014, 0, CTLI",
        "device TLB, 0x10800000003, 0x40000000, CTLI", "wait, 0x5, 0, CTLI"})
    void ofLegacyMode(String what, String q0, String q1, String stays) {
        var found = new StringBuilder();
        for (char cache : "CTLI".toCharArray()) {
            if (staysInLegacyMode(cache, Long.decode(q0), Long.decode(q1))) {
                found.append(cache);
            }
        }
        assertThat(found).as(what).hasToString(stays);
    }

    // ---- scalable mode --------------------------------------------------------------------------

    private static boolean staysInFirstStage(char cache, long q0, long q1) {
        var pasid = PasidBench.firstStage();
        pasid.mapFirst(PasidBench.IOVA + BESIDE, OLD, PasidBench.RW_USER);
        assertThat(Translation.address(pasid.read())).isEqualTo(PasidBench.PAGE);
        switch (cache) {
            case 'P' -> pasid.write(0, 0);
            case 'T' -> {
                pasid.bench.memory.write64(pasid.firstEntry(PasidBench.IOVA, 2),
                        pasid.bench.page() | PasidBench.RW_USER);
                pasid.mapFirst(PasidBench.IOVA + BESIDE, NEW, PasidBench.RW_USER);
            }
            default -> pasid.mapFirst(PasidBench.IOVA, NEW, PasidBench.RW_USER);
        }
        pasid.bench.submit(q0, q1);
        long t = cache == 'T' ? pasid.translate(PasidBench.IOVA + BESIDE, 1) : pasid.read();
        return !Translation.isBlocked(t)
                && Translation.address(t) == (cache == 'T' ? OLD : PasidBench.PAGE);
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource({
        "IOTLB global, 0x12, 0, P", "IOTLB domain 21, 0x210022, 0, P",
        "IOTLB domain 22, 0x220022, 0, PTL",
        "second-stage page, 0x210032, 0x7fff12345000, PTL",
        "PASID 45, 0x4500210026, 0, P", "PASID 46, 0x4600210026, 0, PTL",
        "PASID 45 of domain 22, 0x4500220026, 0, PTL",
        "page, 0x4500210036, 0x7fff12345000, P",
        "page with hint, 0x4500210036, 0x7fff12345040, PT",
        "page beside, 0x4500210036, 0x7fff12346000, PL",
        "page of PASID 46, 0x4600210036, 0x7fff12345000, PTL",
        "2 MiB, 0x4500210036, 0x7fff12200009, P",
        "2 MiB before, 0x4500210036, 0x7fff12000009, PTL",
        "PASID cache global, 0x37, 0, TL", "PASID cache domain 21, 0x210007, 0, TL",
        "PASID cache domain 22, 0x220007, 0, PTL",
        "PASID cache PASID 45, 0x4500210017, 0, TL",
        "PASID cache PASID 46, 0x4600210017, 0, PTL",
        "PASID cache PASID 45 of domain 22, 0x4500220017, 0, PTL",
        "interrupt entries, 0x4, 0, PTL"})
    void ofFirstStage(String what, String q0, String q1, String stays) {
        var found = new StringBuilder();
        for (char cache : "PTL".toCharArray()) {
            if (staysInFirstStage(cache, Long.decode(q0), Long.decode(q1))) {
                found.append(cache);
            }
        }
        assertThat(found).as(what).hasToString(stays);
    }

    /** Nested leaves depend on second-stage pages that the unit does not know any more. */
    @ParameterizedTest(name = "{0}")
    @CsvSource({"PASID, 0x4500210026, 0, false", "other PASID, 0x4600210026, 0, true",
        "page, 0x4500210036, 0x7fff12345000, false", "domain, 0x210022, 0, false",
        "second-stage page elsewhere, 0x210032, 0x5000000, false",
        "second-stage page of domain 22, 0x220032, 0x1234000, true",
        "PASID cache, 0x37, 0, true"})
    void ofNestedLeaves(String what, String q0, String q1, boolean stays) {
        var pasid = PasidBench.nested();
        assertThat(Translation.address(pasid.read())).isEqualTo(PasidBench.PAGE);
        pasid.bench.map(pasid.second, PasidBench.PAGE, NEW, 3);
        pasid.bench.submit(Long.decode(q0), Long.decode(q1));
        assertThat(Translation.address(pasid.read())).as(what)
                .isEqualTo(stays ? PasidBench.PAGE : NEW);
    }

    /** Second-stage tables of PASIDs go by domain and page, and never by PASID. */
    @ParameterizedTest(name = "{0}")
    @CsvSource({"PASID, 0x4500210026, 0, true", "PASID page, 0x4500210036, 0x5000, true",
        "page, 0x210032, 0x5000, false", "page beside, 0x210032, 0x6000, true",
        "two pages, 0x210032, 0x4001, false", "domain, 0x210022, 0, false",
        "another domain, 0x220022, 0, true", "global, 0x12, 0, false"})
    void ofSecondStageLeaves(String what, String q0, String q1, boolean stays) {
        var pasid = PasidBench.secondStage(0x5000, 0, Map.of());
        assertThat(PasidEntry.PGTT.of(pasid.bench.memory.read64(pasid.entry())))
                .isEqualTo(PasidEntry.PGTT_SECOND_STAGE);
        pasid.translate(0x5000, 1);
        pasid.bench.map(pasid.second, 0x5000, NEW, 3);
        pasid.bench.submit(Long.decode(q0), Long.decode(q1));
        assertThat(Translation.address(pasid.translate(0x5000, 1))).as(what)
                .isEqualTo(stays ? PasidBench.PAGE : NEW);
    }
}
