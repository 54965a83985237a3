// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.unit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import iommu.api.pcie.Access;
import iommu.api.unit.MappingVisitor;
import iommu.api.unit.Translation;
import iommu.api.unit.WalkListener;
import iommu.vtd.ContextEntry;
import iommu.vtd.PasidEntry;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What explain and mappings tell of the tables. */
class TablesAsToldTest {

    private static final long IOVA = 0x40_0000;
    private static final long PAGE = 0x20_0000;

    private static List<String> explain(Bench bench, long address, int access) {
        var told = new ArrayList<String>();
        WalkListener listener = (structure, at, words, fields, decision) ->
            told.add(structure + " @0x" + Long.toHexString(at) + " " + fields.stream()
                    .map(f -> f.name() + "=" + f.value()).toList() + ": " + decision);
        bench.unit.explain(Bench.DEVICE, address, access, listener);
        return told;
    }

    private static List<String> mappings(Bench bench) {
        var told = new ArrayList<String>();
        bench.unit.mappings(new MappingVisitor() {
            @Override
            public void mapping(int requester, int domainId, long iova, long physicalAddress,
                    long bytes, int access) {
                told.add(String.format("%04x d%d %x->%x +%x %s", requester, domainId, iova,
                        physicalAddress, bytes, Access.format(access)));
            }

            @Override
            public void passThrough(int requester, int domainId) {
                told.add(String.format("%04x d%d pass", requester, domainId));
            }
        });
        return told;
    }

    @Test
    void aLegacyWalkIsToldEntryByEntry() {
        var bench = Bench.legacy();
        long table = bench.context(Bench.DEVICE, Bench.DOMAIN, 4);
        bench.map(table, IOVA, PAGE, 1);
        var told = explain(bench, IOVA, Access.READ);
        assertThat(told).hasSize(6);
        assertThat(told.get(0)).startsWith("root entry @0x100010 [P=0x1, CTP=0x")
                .contains(": present, context table at 0x");
        assertThat(told.get(1)).startsWith("context entry @").contains("TT=0x0", "AW=0x2",
                "DID=0x7", ": present, second-stage table at 0x" + Long.toHexString(table));
        assertThat(told.get(2)).startsWith("second-stage entry, level 4 @0x"
                + Long.toHexString(table));
        assertThat(told.get(5)).startsWith("second-stage entry, level 1 @")
                .endsWith("maps the page of 4 KiB at 0x200000");
    }

    @Test
    void theLastEntryOfAFailedWalkSaysWhy() {
        var bench = Bench.legacy();
        bench.map(bench.context(Bench.DEVICE, Bench.DOMAIN, 4), IOVA, PAGE, 1);
        assertThat(explain(bench, IOVA, Access.WRITE).get(5))
                .endsWith("PTE Write access is not set");
        assertThat(bench.blocked).isEmpty();
    }

    @Test
    void aScalableWalkIsToldEntryByEntry() {
        var bench = Bench.scalable();
        bench.map(bench.pasid(Bench.DEVICE, Bench.DOMAIN, 0), IOVA, PAGE, 3);
        assertThat(explain(bench, IOVA, Access.READ)).hasSize(8)
                .anyMatch(e -> e.startsWith("scalable-mode root entry") && e.contains("LP=0x1"))
                .anyMatch(e -> e.startsWith("scalable-mode context entry")
                        && e.contains("PDTS=0x2"))
                .anyMatch(e -> e.startsWith("PASID directory entry"))
                .anyMatch(e -> e.startsWith("PASID entry") && e.contains("PGTT=0x2"));
    }

    @Test
    void explainSeesMemoryWhereTranslateSeesItsCaches() {
        var bench = Bench.legacy();
        long table = bench.context(Bench.DEVICE, Bench.DOMAIN, 4);
        bench.map(table, IOVA, PAGE, 3);
        bench.read(IOVA);
        bench.map(table, IOVA, PAGE + 0x1000, 3);
        long explained = bench.unit.explain(Bench.DEVICE, IOVA, Access.READ, WalkListener.NONE);
        assertThat(Translation.address(explained)).isEqualTo(PAGE + 0x1000);
        assertThat(Translation.address(bench.read(IOVA))).isEqualTo(PAGE);
    }

    @Test
    void explainFillsNoCache() {
        var bench = Bench.legacy();
        long table = bench.context(Bench.DEVICE, Bench.DOMAIN, 4);
        bench.map(table, IOVA, PAGE, 3);
        bench.unit.explain(Bench.DEVICE, IOVA, Access.READ, WalkListener.NONE);
        bench.map(table, IOVA, PAGE + 0x1000, 3);
        assertThat(Translation.address(bench.read(IOVA))).isEqualTo(PAGE + 0x1000);
    }

    @Test
    void explainAnswersAsTranslateDoesForWhatIsNotWalked() {
        var bench = Bench.legacy();
        bench.context(Bench.DEVICE, Bench.DOMAIN, 4, ContextEntry.TT_PASS_THROUGH, 0);
        long[] addresses = {0xfee0_0000L, 0x1000, 1L << 50};
        for (long address : addresses) {
            for (int access = 1; access <= 2; access++) {
                assertThat(bench.unit.explain(Bench.DEVICE, address, access, WalkListener.NONE))
                        .isEqualTo(bench.translate(address, access));
            }
        }
        assertThat(explain(bench, 0x1000, 1).get(1)).endsWith("requests pass through");
        bench.disable();
        assertThat(explain(bench, 0x1000, 1)).isEmpty();
    }

    /** Of a bus one root entry has the requesters up to 0f.7, another those from 10.0 on. */
    @ParameterizedTest
    @ValueSource(ints = {0x0100, 0x017f, 0x0180, 0x0190, 0x01ff})
    void eachHalfOfABusIsToldByItsOwnRootEntry(int requester) {
        var bench = Bench.scalable();
        bench.map(bench.pasid(requester, 7, 0), IOVA, PAGE, 3);
        assertThat(mappings(bench)).containsExactly(
                String.format("%04x d7 400000->200000 +1000 rw", requester));
        long other = bench.rootEntry(requester) + (requester % 0x100 < 0x80 ? 8 : 0);
        bench.memory.write64(other, 0xffe); // reserved bits, not present
        assertThat(mappings(bench)).hasSize(1);
        bench.memory.write64(other, 0xfff);
        assertThat(mappings(bench)).hasSize(1);
    }

    @Test
    void mappingsAreToldByRequesterThenByIova() {
        var bench = Bench.legacy();
        long table = bench.context(0x0210, 9, 4);
        bench.map(table, 0xffff_f000L, PAGE, 3);
        bench.map(table, IOVA, PAGE, 1);
        bench.memory.write64(bench.entry(table, 4, 1L << 30, 2), 0x60_0000 | 0x82);
        bench.map(bench.context(0x0109, 8, 4), 0, PAGE + 0x1000, 3);
        bench.context(0x0108, 7, 4, ContextEntry.TT_PASS_THROUGH, 0);
        assertThat(mappings(bench)).containsExactly("0108 d7 pass",
                "0109 d8 0->201000 +1000 rw",
                "0210 d9 400000->200000 +1000 r",
                "0210 d9 40000000->600000 +200000 w",
                "0210 d9 fffff000->200000 +1000 rw");
    }

    @Test
    void scalableMappingsHaveTheDomainOfThePasidEntry() {
        var bench = Bench.scalable();
        bench.map(bench.pasid(0x0190, 0x1234, 0), IOVA, PAGE, 3);
        bench.memory.write64(bench.pasidEntry(0x0200, 0),
                Bench.pasidWord(0, PasidEntry.PGTT_PASS_THROUGH, 2));
        assertThat(mappings(bench)).containsExactly("0190 d4660 400000->200000 +1000 rw",
                "0200 d0 pass");
    }

    @Test
    void rightsOfUpperLevelsAndMalformedEntriesAreWeighedAsInAWalk() {
        var bench = Bench.legacy();
        long table = bench.context(Bench.DEVICE, Bench.DOMAIN, 4);
        bench.map(table, IOVA, PAGE, 3);
        bench.map(table, IOVA + 0x1000, PAGE | 1 << 11, 3);
        long upper = bench.entry(table, 4, IOVA, 3);
        bench.memory.write64(upper, bench.memory.read64(upper) & ~2L);
        assertThat(mappings(bench)).containsExactly("0108 d7 400000->200000 +1000 r");
    }

    @Test
    void tablesOutsideMemoryAreSkipped() {
        var bench = Bench.legacy();
        long table = bench.context(Bench.DEVICE, Bench.DOMAIN, 4);
        bench.map(table, IOVA, PAGE, 3);
        bench.memory.write64(bench.entry(table, 4, 1L << 40, 4), Bench.OUTSIDE | 3);
        bench.memory.write64(bench.rootEntry(0x500), Bench.OUTSIDE | 1);
        assertThat(mappings(bench)).hasSize(1);
        bench.write(iommu.vtd.VtdRegisters.RTADDR, Bench.OUTSIDE);
        bench.command(1L << 30);
        assertThat(mappings(bench)).isEmpty();
    }

    @Test
    void tablesUsedOverAndOverAreBounded() {
        var bench = Bench.legacy();
        long table = bench.context(Bench.DEVICE, Bench.DOMAIN, 4);
        long[] chain = {table, bench.page(), bench.page(), bench.page()};
        for (int level = 0; level < 3; level++) {
            for (int i = 0; i < 512; i++) {
                bench.memory.write64(chain[level] + i * 8, chain[level + 1] | 3);
            }
        }
        assertThatThrownBy(() -> mappings(bench)).isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("page tables for requester 0x108");
    }

    @Test
    void everyMappingToldIsTranslatedAlike() {
        var bench = Bench.legacy(Bench.CAP, Bench.ECAP, Map.of());
        var random = new iommu.api.sim.RandomStream(11, "mappings");
        long table = bench.context(Bench.DEVICE, Bench.DOMAIN, 4);
        for (int i = 0; i < 300; i++) {
            long iova = (random.nextLong() & 0x3fff_ffffL) & ~0xfffL;
            bench.map(table, iova, (random.nextLong() & 0x3f_f000) | 0x40_0000,
                    1 + (int) (random.nextLong() & 1) * 2);
        }
        int[] seen = {0};
        bench.unit.mappings(new MappingVisitor() {
            @Override
            public void mapping(int requester, int domainId, long iova, long physicalAddress,
                    long bytes, int access) {
                seen[0]++;
                long read = bench.unit.translate(requester, iova + 12, Access.READ);
                long write = bench.unit.translate(requester, iova + 12, Access.WRITE);
                assertThat(Translation.isBlocked(read)).isEqualTo((access & 1) == 0);
                assertThat(Translation.isBlocked(write)).isEqualTo((access & 2) == 0);
                assertThat(Translation.address((access & 1) != 0 ? read : write))
                        .isEqualTo(physicalAddress + 12);
            }

            @Override
            public void passThrough(int requester, int domainId) { }
        });
        assertThat(seen[0]).isGreaterThan(250);
    }
}
