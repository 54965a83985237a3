// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.unit;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.pcie.Access;
import iommu.api.pcie.TranslationCompletion;
import iommu.api.unit.CacheLookup;
import iommu.api.unit.CacheLookup.Outcome;
import iommu.api.unit.Interrupt;
import iommu.api.unit.Translation;
import iommu.api.unit.WalkRecording;
import iommu.vtd.ContextEntry;
import iommu.vtd.FaultReason;
import iommu.vtd.unit.requests.Request;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What follow tells: each entry, why it ends a walk, and what the caches know of it. */
class FollowingTest {

    private static final long IOVA = 0x40_0000;
    private static final long PAGE = 0x20_0000;
    private static final long OTHER = 0x30_0000;

    private final Bench bench = Bench.legacy();
    private final long table = bench.context(Bench.DEVICE, Bench.DOMAIN, 4);
    private long outcome;

    private List<WalkRecording.Step> follow(Bench of, int pasid, int access) {
        var told = new WalkRecording();
        outcome = of.unit.follow(Bench.DEVICE, pasid, IOVA, access, told);
        return told.steps();
    }

    private List<WalkRecording.Step> follow() {
        return follow(bench, Request.NO_PASID, Access.READ);
    }

    private static List<Outcome> outcomes(List<WalkRecording.Step> steps) {
        return steps.stream().map(s -> s.lookup().outcome()).toList();
    }

    private static WalkRecording.Step named(List<WalkRecording.Step> steps, String name) {
        return steps.stream().filter(s -> s.structure().equals(name)).findFirst().orElseThrow();
    }

    @Test
    void coldCachesMissAtEachStep() {
        bench.map(table, IOVA, PAGE, 3);
        var steps = follow();
        assertThat(steps).extracting(WalkRecording.Step::structure).containsExactly("root entry",
                "context entry", "IOTLB", "second-stage entry, level 4",
                "second-stage entry, level 3", "second-stage entry, level 2",
                "second-stage entry, level 1");
        assertThat(outcomes(steps)).containsOnly(Outcome.MISS);
        assertThat(steps).extracting(s -> s.lookup().cache()).containsExactly("context-cache",
                "context-cache", "IOTLB", "paging-structure cache", "paging-structure cache",
                "paging-structure cache", "IOTLB");
        assertThat(outcomes(follow())).as("it fills none").containsOnly(Outcome.MISS);
    }

    @Test
    void cachesThatAnswerAreToldWithWhatTheyHold() {
        bench.map(table, IOVA, PAGE, 3);
        bench.read(IOVA);
        var steps = follow();
        assertThat(outcomes(steps)).containsExactly(Outcome.SKIPPED, Outcome.HIT, Outcome.HIT,
                Outcome.SKIPPED, Outcome.SKIPPED, Outcome.SKIPPED, Outcome.SKIPPED);
        assertThat(steps.get(1).lookup()).isEqualTo(CacheLookup.hit("context-cache",
                "domain 0x7, second-stage table at 0x" + Long.toHexString(table), false));
        assertThat(steps.get(2).lookup()).isEqualTo(CacheLookup.hit("IOTLB",
                "the page of 4 KiB at 0x200000, rights rw", false));
    }

    @Test
    void aPageThatMemoryMovedIsStaleAndWhatTheUnitUses() {
        bench.map(table, IOVA, PAGE, 3);
        bench.read(IOVA);
        bench.map(table, IOVA, OTHER, 3);
        var steps = follow();
        assertThat(named(steps, "IOTLB").lookup().stale()).isTrue();
        assertThat(steps.get(6).decision()).endsWith("at 0x300000");
        assertThat(Translation.address(outcome)).isEqualTo(PAGE);
    }

    @ParameterizedTest(name = "leaf {0} now: stale {1}")
    @CsvSource({"0x200003, false", "0x200103, false", "0x200001, true", "0x200000, true",
        "0x201003, true"})
    void aPageIsStaleWhenItsAddressOrRightsDiffer(String leaf, boolean stale) {
        bench.map(table, IOVA, PAGE, 3);
        bench.read(IOVA);
        bench.memory.write64(bench.entry(table, 4, IOVA, 1), Long.decode(leaf));
        assertThat(named(follow(), "IOTLB").lookup().stale()).isEqualTo(stale);
    }

    @Test
    void aContextThatMemoryReplacedIsStaleAndItsTableIsWalked() {
        bench.map(table, IOVA, PAGE, 3);
        bench.read(IOVA + 0x20_0000);
        bench.context(Bench.DEVICE, 9, 4);
        var steps = follow();
        assertThat(steps.get(1).lookup().stale()).isTrue();
        assertThat(steps.get(1).fields()).anyMatch(f -> f.name().equals("DID")
                && f.value().equals("0x9"));
        assertThat(Translation.address(outcome)).isEqualTo(PAGE);
    }

    @Test
    void aContextThatMemoryDoesNotLeadToAnyMoreIsToldAllTheSame() {
        bench.map(table, IOVA, PAGE, 3);
        bench.read(IOVA);
        bench.memory.write64(bench.rootEntry(Bench.DEVICE), 0);
        var steps = follow();
        assertThat(steps.get(0).decision()).startsWith("P=0 -> fault 01h");
        assertThat(steps.get(1).structure()).isEqualTo("context entry, cached");
        assertThat(steps.get(1).lookup().stale()).isTrue();
        assertThat(Translation.address(outcome)).isEqualTo(PAGE);
    }

    @Test
    void aTableOfThePagingStructureCacheIsWalkedFromAndToldStale() {
        bench.map(table, IOVA, PAGE, 3);
        bench.read(IOVA);
        bench.memory.write64(bench.entry(table, 4, IOVA, 2), 0);
        bench.invalidateLeaves();
        var steps = follow();
        assertThat(outcomes(steps)).containsExactly(Outcome.SKIPPED, Outcome.HIT, Outcome.MISS,
                Outcome.HIT, Outcome.HIT, Outcome.HIT, Outcome.MISS);
        assertThat(steps.stream().map(s -> s.lookup().stale())).containsExactly(false, false,
                false, false, false, true, false);
        assertThat(Translation.address(outcome)).isEqualTo(PAGE);
    }

    @ParameterizedTest(name = "bits {0} of level {1}, access {2}: {3}")
    @CsvSource(delimiter = '|', value = {
        "0x1803 | 4 | 1 | reserved bit 11 set -> fault 0Ch",
        "0x00f0000000001003 | 4 | 1 | present, table",
        "0x4000000000001883 | 4 | 1 | reserved bits 62, 11, 7 set -> fault 0Ch",
        "0x0000000000000000 | 3 | 1 | R=0, W=0, not present: read denied -> fault 06h",
        "0x0000000000000000 | 2 | 2 | R=0, W=0, not present: write denied -> fault 05h",
        "0x200001 | 1 | 2 | W=0: write denied -> fault 05h",
        "0x200002 | 1 | 1 | R=0: read denied -> fault 06h",
        "0x10000000001003 | 4 | 1 | present",
    })
    void theDecisionSaysWhichBitsEndTheWalk(String bits, int level, int access, String decision) {
        bench.map(table, IOVA, PAGE, 3);
        long at = bench.entry(table, 4, IOVA, level);
        long next = level == 1 ? 0 : bench.memory.read64(at) & ~0xfffL;
        long entry = Long.decode(bits);
        bench.memory.write64(at, level == 1 || entry == 0 ? entry : entry & ~0x1000L | next);
        var steps = follow(bench, Request.NO_PASID, access);
        assertThat(named(steps, "second-stage entry, level " + level).decision())
                .startsWith(decision);
    }

    @Test
    void reservedBitsOfBothHalvesOfAContextAreNamed() {
        long at = bench.contextEntry(Bench.DEVICE);
        bench.memory.write64(at, bench.memory.read64(at) | 0xff0);
        bench.memory.write64(at + 8, bench.memory.read64(at + 8) | 1L << 24 | 1L << 63);
        assertThat(follow().get(1).decision())
                .startsWith("reserved bits 127, 88, 11:4 set -> fault 0Bh");
        bench.context(Bench.DEVICE, 3, 4, 3, table);
        assertThat(follow().get(1).decision()).startsWith("TT or AW not supported -> fault 03h");
    }

    @Test
    void anEntryOutsideMemoryIsToldWithoutWords() {
        bench.context(Bench.DEVICE, 3, 4, ContextEntry.TT_UNTRANSLATED, Bench.OUTSIDE);
        var last = follow().get(3);
        assertThat(last.words()).isEmpty();
        assertThat(last.decision()).startsWith("no memory there -> fault 07h");
        assertThat(Translation.reason(outcome)).isEqualTo(FaultReason.PAGE_TABLE_ACCESS.number());
    }

    @Test
    void requestsWithPasidAreToldThroughBothStages() {
        var pasids = PasidBench.nested();
        var told = new WalkRecording();
        long first = pasids.bench.unit.follow(Bench.DEVICE, PasidBench.PASID, PasidBench.IOVA,
                Access.READ, told);
        assertThat(Translation.address(first)).isEqualTo(PasidBench.PAGE);
        assertThat(told.steps()).hasSize(5 + 4 + 5 * 4);
        assertThat(outcomes(told.steps().subList(0, 5 + 4 + 1))).containsOnly(Outcome.MISS);
        assertThat(outcomes(told.steps())).as("later tables are found by what the walk has kept")
                .contains(Outcome.SKIPPED).doesNotContain(Outcome.HIT);
        assertThat(named(told.steps(), "PASID entry").words()).hasSize(8);
        pasids.read();
        var again = new WalkRecording();
        pasids.write(0, 0);
        pasids.bench.unit.follow(Bench.DEVICE, PasidBench.PASID, PasidBench.IOVA, Access.READ,
                again);
        assertThat(named(again.steps(), "PASID entry").lookup()).isEqualTo(CacheLookup.hit(
                "PASID-cache", "domain 0x21, first-stage table at 0x"
                        + Long.toHexString(pasids.first) + ", second-stage table at 0x"
                        + Long.toHexString(pasids.second), true));
        assertThat(named(again.steps(), "scalable-mode context entry").lookup().value())
                .startsWith("PASID directory at 0x");
    }

    @Test
    void aCachedFaultOfCachingModeIsTold() {
        var caching = Bench.legacy(Bench.CAP | 1 << 7, Bench.ECAP, Map.of());
        long at = caching.context(Bench.DEVICE, Bench.DOMAIN, 4);
        caching.read(IOVA);
        caching.map(at, IOVA, PAGE, 3);
        var lookup = named(follow(caching, Request.NO_PASID, Access.READ), "IOTLB").lookup();
        assertThat(lookup.value()).startsWith("a fault -> fault 06h");
        assertThat(lookup.stale()).isTrue();
        assertThat(Translation.reason(outcome)).isEqualTo(FaultReason.READ_DENIED.number());
    }

    @Test
    void nothingIsRecordedAndNobodyIsTold() {
        assertThat(Translation.isBlocked(bench.unit.follow(Bench.DEVICE, -1, IOVA, 1,
                new WalkRecording()))).isTrue();
        bench.remapInterrupts();
        assertThat(Interrupt.isBlocked(bench.unit.followInterrupt(Bench.DEVICE, 0xfee0_0010L, 0,
                new WalkRecording()))).isTrue();
        assertThat(bench.blocked).isEmpty();
        assertThat(bench.interrupts).isZero();
        assertThat(bench.unit.readRegister(0x34, 4)).isZero();
    }

    @Test
    void translationRequestsAreToldWithEachTry() {
        var ats = Bench.legacy(Bench.CAP, Bench.deviceTlbEcap(), Map.of());
        long pages = ats.page();
        ats.context(Bench.DEVICE, Bench.DOMAIN, 4, ContextEntry.TT_ALL, pages);
        ats.map(pages, IOVA, PAGE, 1);
        var told = new WalkRecording();
        long answer = ats.unit.followTranslationRequest(Bench.DEVICE, -1, IOVA, 3, told);
        assertThat(TranslationCompletion.access(answer)).isEqualTo(Access.READ);
        assertThat(told.steps()).extracting(WalkRecording.Step::decision)
                .anyMatch(d -> d.startsWith("W=0: write denied"))
                .anyMatch(d -> d.startsWith("maps the page"));
        assertThat(told.steps()).filteredOn(s -> s.structure().equals("context entry")).hasSize(1);
    }

    @Test
    void interruptEntriesAreToldWithTheirCache() {
        bench.remapInterrupts();
        long address = 0xfee0_0010L | 5 << 5;
        bench.memory.write64(bench.interruptEntry(5), 1 | 0x41L << 16 | 3L << 40);
        bench.memory.write64(bench.interruptEntry(5) + 8, Bench.DEVICE | 1 << 18);
        var told = new WalkRecording();
        bench.unit.followInterrupt(Bench.DEVICE, address, 0, told);
        assertThat(told.steps()).singleElement().satisfies(s -> {
            assertThat(s.structure()).isEqualTo("interrupt remapping entry");
            assertThat(s.address()).isEqualTo(bench.interruptEntry(5));
            assertThat(s.decision()).isEqualTo("present, vector 0x41 to APIC id 0x3");
            assertThat(s.lookup()).isEqualTo(CacheLookup.miss("interrupt entry cache"));
        });
        bench.unit.interrupt(Bench.DEVICE, address, 0);
        bench.memory.write64(bench.interruptEntry(5), 0);
        var again = new WalkRecording();
        long kept = bench.unit.followInterrupt(Bench.DEVICE, address, 0, again);
        assertThat(Interrupt.vector(kept)).isEqualTo(0x41);
        assertThat(again.steps().get(0).decision()).startsWith("P=0 -> fault 22h");
        assertThat(again.steps().get(0).lookup()).isEqualTo(CacheLookup.hit(
                "interrupt entry cache", "vector 0x41 to APIC id 0x3", true));
    }

    @ParameterizedTest(name = "{0} {1}: {2}")
    @CsvSource(delimiter = '|', value = {
        "1 | 0x5 | SID does not fit the requester -> fault 26h",
        "0x7001 | 0x40108 | reserved bits 14:12 set -> fault 24h",
        "0x8001 | 0x40108 | SVT or IM not supported -> fault 24h",
        "1 | 0xc0108 | SVT or IM not supported -> fault 24h",
    })
    void theDecisionSaysWhyAnInterruptIsBlocked(String low, String high, String decision) {
        bench.remapInterrupts();
        bench.memory.write64(bench.interruptEntry(0), Long.decode(low));
        bench.memory.write64(bench.interruptEntry(0) + 8, Long.decode(high)
                | (high.equals("0x5") ? 1 << 18 : 0));
        var told = new WalkRecording();
        bench.unit.followInterrupt(Bench.DEVICE, 0xfee0_0010L, 0, told);
        assertThat(told.steps().get(0).decision()).startsWith(decision);
    }
}
