// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.unit;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.pcie.Access;
import iommu.api.unit.Translation;
import iommu.vtd.Capability;
import iommu.vtd.GlobalCommand;
import iommu.vtd.VtdRegisters;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The caches keep what they have until software invalidates it, and nothing else drops it. */
class CachingTest {

    private static final long IOVA = 0xffff_8000L;
    private static final long OLD = 0x20_0000;
    private static final long NEW = 0x30_0000;
    private static final int OTHER = 0x0200;

    private Bench bench;
    private long table;

    @BeforeEach
    void oneMappingInTheCaches() {
        use(Bench.legacy());
    }

    private void use(Bench newBench) {
        bench = newBench;
        table = bench.context(Bench.DEVICE, Bench.DOMAIN, 4);
        bench.map(table, IOVA, OLD, 3);
        assertThat(page()).isEqualTo(OLD);
    }

    private long page() {
        return Translation.address(bench.read(IOVA));
    }

    private void remap() {
        bench.map(table, IOVA, NEW, 3);
    }

    /** Points the device at another table and domain. */
    private void recontext() {
        long other = bench.context(Bench.DEVICE, Bench.DOMAIN + 1, 4);
        bench.map(other, IOVA, NEW, 3);
    }

    private void iotlb(int granularity, int domain) {
        bench.write(VtdRegisters.iotlb(bench.ecap), VtdRegisters.IVT.mask()
                | (long) granularity << 60 | (long) domain << 32);
    }

    private void pages(int domain, long address, int mask) {
        bench.write(VtdRegisters.iva(bench.ecap), address | mask);
        iotlb(3, domain);
    }

    private void contexts(int granularity, int domain, int source, int functionMask) {
        bench.write(VtdRegisters.CCMD, VtdRegisters.ICC.mask() | (long) granularity << 61
                | (long) functionMask << 32 | (long) source << 16 | domain);
    }

    @Test
    void aChangedLeafIsStaleUntilTheIotlbIsInvalidated() {
        remap();
        assertThat(page()).isEqualTo(OLD);
        bench.invalidateContexts();
        assertThat(page()).as("context invalidation alone").isEqualTo(OLD);
        bench.invalidateIotlb();
        assertThat(page()).isEqualTo(NEW);
    }

    @Test
    void aClearedLeafIsStaleUntilTheIotlbIsInvalidated() {
        bench.memory.write64(bench.entry(table, 4, IOVA, 1), 0);
        assertThat(page()).isEqualTo(OLD);
        bench.invalidateIotlb();
        assertThat(Translation.reason(bench.read(IOVA))).isEqualTo(0x06);
    }

    @Test
    void aChangedContextIsStaleUntilTheContextCacheIsInvalidated() {
        recontext();
        bench.invalidateIotlb();
        assertThat(page()).isEqualTo(OLD);
        bench.invalidateContexts();
        assertThat(page()).isEqualTo(NEW);
    }

    @Test
    void theOldDomainsEntriesOutliveTheContextAndServeWhoeverGetsThatDomainNext() {
        recontext();
        bench.invalidateContexts();
        assertThat(page()).isEqualTo(NEW);
        bench.context(Bench.DEVICE, Bench.DOMAIN, 4);
        bench.invalidateContexts();
        assertThat(page()).as("empty table, stale IOTLB").isEqualTo(OLD);
    }

    @Test
    void twoRequestersOfOneDomainShareTheIotlb() {
        bench.context(OTHER, Bench.DOMAIN, 4, 0, table);
        remap();
        long t = bench.unit.translate(OTHER, IOVA, Access.READ);
        assertThat(Translation.address(t)).isEqualTo(OLD);
    }

    @Test
    void requestersOfDifferentDomainsDoNot() {
        bench.context(OTHER, Bench.DOMAIN + 1, 4, 0, table);
        remap();
        long t = bench.unit.translate(OTHER, IOVA, Access.READ);
        assertThat(Translation.address(t)).isEqualTo(NEW);
    }

    @Test
    void switchingTranslationOffAndOnFlushesNothing() {
        remap();
        bench.disable();
        bench.enable();
        assertThat(page()).isEqualTo(OLD);
        assertThat(bench.switched).containsExactly(true, false, true);
        assertThat(bench.invalidated).isEmpty();
    }

    @Test
    void unlessASettingSaysSo() {
        use(Bench.legacy(Bench.CAP, Bench.ECAP, Map.of("flushOnTranslationToggle", 1L)));
        remap();
        bench.disable();
        bench.enable();
        assertThat(page()).isEqualTo(NEW);
    }

    @Test
    void settingTheRootTablePointerFlushesNothing() {
        remap();
        recontext();
        bench.setRoot(0);
        assertThat(page()).isEqualTo(OLD);
    }

    @ParameterizedTest
    @CsvSource({"true, 0, true", "false, 1, true", "false, 0, false", "true, -1, true",
        "false, -1, false"})
    void setRootTablePointerFlushesByCapabilityOrSetting(boolean esrtps, long setting,
            boolean flushes) {
        long cap = esrtps ? Capability.ESRTPS.with(Bench.CAP, 1) : Bench.CAP;
        Map<String, Long> settings =
                setting < 0 ? Map.of() : Map.of("flushOnSetRootPointer", setting);
        use(Bench.legacy(cap, Bench.ECAP, settings));
        recontext();
        bench.setRoot(0);
        boolean expected = setting < 0 ? flushes : setting == 1;
        assertThat(page()).isEqualTo(expected ? NEW : OLD);
    }

    @Test
    void aNewRootIsLatchedOnlyByItsCommand() {
        bench.write(VtdRegisters.RTADDR, Bench.OUTSIDE);
        bench.invalidateContexts();
        assertThat(page()).isEqualTo(OLD);
        bench.command(GlobalCommand.SRTP.mask());
        bench.invalidateContexts();
        assertThat(Translation.reason(bench.read(IOVA))).isEqualTo(0x08);
    }

    @Test
    void notPresentEntriesAreNeverCached() {
        assertThat(Translation.reason(bench.read(IOVA + 0x1000))).isEqualTo(0x06);
        bench.map(table, IOVA + 0x1000, NEW, 3);
        assertThat(Translation.address(bench.read(IOVA + 0x1000))).isEqualTo(NEW);
        assertThat(Translation.reason(bench.unit.translate(OTHER, IOVA, 1))).isEqualTo(0x01);
        bench.context(OTHER, Bench.DOMAIN, 4, 0, table);
        assertThat(Translation.isBlocked(bench.unit.translate(OTHER, IOVA, 1))).isFalse();
    }

    @Test
    void aHitWithoutTheRightIsWalkedAgain() {
        bench.map(table, IOVA + 0x1000, OLD, 1);
        bench.read(IOVA + 0x1000);
        bench.map(table, IOVA + 0x1000, NEW, 3);
        assertThat(Translation.address(bench.read(IOVA + 0x1000))).isEqualTo(OLD);
        assertThat(Translation.address(bench.write(IOVA + 0x1000))).isEqualTo(NEW);
        assertThat(Translation.address(bench.read(IOVA + 0x1000))).isEqualTo(NEW);
    }

    // ---- granularities --------------------------------------------------------------------------

    @ParameterizedTest
    @CsvSource({"1, 0, true", "2, 7, true", "2, 8, false", "2, 0, false"})
    void iotlbInvalidationByDomain(int granularity, int domain, boolean drops) {
        remap();
        iotlb(granularity, domain);
        assertThat(page()).isEqualTo(drops ? NEW : OLD);
        assertThat(bench.read(VtdRegisters.iotlb(bench.ecap)) >>> 57 & 3).isEqualTo(granularity);
    }

    @ParameterizedTest
    @CsvSource({"7, 0xffff8000, 0, true", "8, 0xffff8000, 0, false", "7, 0xffff9000, 0, false",
        "7, 0xffff9000, 1, true", "7, 0xffffa000, 1, false", "7, 0xffffa000, 2, true",
        "7, 0xfffc0000, 17, true", "7, 0xc0000000, 18, true", "7, 0x0, 18, false"})
    void iotlbInvalidationByPagesCoversTwoToTheAddressMask(int domain, String address, int mask,
            boolean drops) {
        remap();
        pages(domain, Long.decode(address), mask);
        assertThat(page()).isEqualTo(drops ? NEW : OLD);
    }

    /** CAP.MAMV is 18 here. */
    @ParameterizedTest
    @CsvSource({"19", "32", "63"})
    void addressMaskBeyondTheLargestIsIgnoredAndReportedSo(int mask) {
        remap();
        pages(7, 0, mask);
        assertThat(page()).isEqualTo(OLD);
        assertThat(bench.read(VtdRegisters.iotlb(bench.ecap)) >>> 57 & 3).isZero();
    }

    @Test
    void invalidationOfOnePageDropsTheLargePageAroundIt() {
        long at = bench.entry(table, 4, 1L << 30, 2);
        bench.memory.write64(at, 0x40_0000 | 0x83);
        bench.read(1L << 30);
        bench.memory.write64(at, 0x60_0000 | 0x83);
        pages(Bench.DOMAIN, (1L << 30) + (1L << 21), 0);
        assertThat(Translation.address(bench.read(1L << 30))).isEqualTo(0x40_0000);
        pages(Bench.DOMAIN, (1L << 30) + 0x5000, 0);
        assertThat(Translation.address(bench.read(1L << 30))).isEqualTo(0x60_0000);
    }

    @ParameterizedTest
    @CsvSource({"1, 0, 0, 0, true", "2, 7, 0, 0, true", "2, 8, 0, 0, false",
        "3, 7, 0x108, 0, true", "3, 9, 0x108, 0, true", "3, 7, 0x109, 0, false",
        "3, 7, 0x10c, 0, false", "3, 7, 0x10c, 1, true", "3, 7, 0x10a, 1, false",
        "3, 7, 0x10e, 2, true", "3, 7, 0x109, 2, false", "3, 7, 0x10f, 3, true",
        "3, 7, 0x100, 3, false"})
    void contextInvalidationByDomainAndDevice(int granularity, int domain, String source,
            int functionMask, boolean drops) {
        recontext();
        contexts(granularity, domain, Integer.decode(source), functionMask);
        assertThat(page()).isEqualTo(drops ? NEW : OLD);
        assertThat(bench.read(VtdRegisters.CCMD) >>> 59 & 3).isEqualTo(granularity);
        assertThat(VtdRegisters.ICC.isSet(bench.read(VtdRegisters.CCMD))).isFalse();
    }

    @ParameterizedTest
    @CsvSource({"7, true", "9, false"})
    void deviceInvalidationMayCompareTheDomain(int domain, boolean drops) {
        use(Bench.legacy(Bench.CAP, Bench.ECAP, Map.of("deviceInvalidationByDomain", 1L)));
        recontext();
        contexts(3, domain, Bench.DEVICE, 0);
        assertThat(page()).isEqualTo(drops ? NEW : OLD);
    }

    @Test
    void reservedGranularitiesDoNothingAndReportNone() {
        remap();
        iotlb(0, 0);
        contexts(0, 0, 0, 0);
        assertThat(page()).isEqualTo(OLD);
        assertThat(bench.read(VtdRegisters.CCMD)).isZero();
        assertThat(bench.read(VtdRegisters.iotlb(bench.ecap))).isZero();
    }

    @Test
    void whileTheQueueIsEnabledTheRegistersDoNothing() {
        bench.write(VtdRegisters.IQA, bench.page());
        bench.command(GlobalCommand.QIE.mask());
        remap();
        iotlb(1, 0);
        assertThat(page()).isEqualTo(OLD);
        assertThat(bench.read(VtdRegisters.iotlb(bench.ecap)) >>> 57 & 3).isZero();
    }

    @Test
    void theListenerHearsWhatWasDropped() {
        iotlb(2, 7);
        contexts(1, 0, 0, 0);
        assertThat(bench.invalidated).containsExactly("IOTLB, domain 0x7",
                "context-cache, global");
    }

    // ---- size -----------------------------------------------------------------------------------

    @Test
    void aFullSetReplacesAnEntryAndTheResultStaysRight() {
        use(Bench.legacy(Bench.CAP, Bench.ECAP,
                Map.of("iotlbEntries", 4L, "contextCacheEntries", 4L)));
        for (int i = 0; i < 16; i++) {
            bench.map(table, i * 0x1000L, 0x80_0000 + i * 0x1000L, 3);
            long other = bench.context(0x300 + i, 20 + i, 4);
            bench.map(other, IOVA, 0x90_0000 + i * 0x1000L, 3);
        }
        for (int round = 0; round < 3; round++) {
            for (int i = 0; i < 16; i++) {
                assertThat(Translation.address(bench.read(i * 0x1000L + 4)))
                        .isEqualTo(0x80_0004 + i * 0x1000L);
                assertThat(Translation.address(bench.unit.translate(0x300 + i, IOVA, 1)))
                        .isEqualTo(0x90_0000 + i * 0x1000L);
            }
        }
        remap();
        assertThat(page()).as("the first entry was replaced long ago").isEqualTo(NEW);
    }
}
