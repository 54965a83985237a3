// SPDX-License-Identifier: Apache-2.0
package iommu.amdvi.unit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import iommu.api.pcie.Access;
import iommu.api.unit.CacheLookup;
import iommu.api.unit.CacheLookup.Outcome;
import iommu.api.unit.Interrupt;
import iommu.api.unit.Translation;
import iommu.api.unit.WalkRecording;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What follow tells: each entry, why it ends a walk, and what the caches know of it. */
class FollowingTest {

    private static final long IOVA = 0x7000;
    private static final long PAGE = 0x20_0000;

    private final Fixture fixture = Fixture.on();
    private final long root = fixture.domain(Fixture.DEVICE, 5, 3);
    private long outcome;

    private List<WalkRecording.Step> follow(int access) {
        var told = new WalkRecording();
        outcome = fixture.unit.follow(Fixture.DEVICE, -1, IOVA, access, told);
        return told.steps();
    }

    private List<WalkRecording.Step> follow() {
        return follow(Access.READ);
    }

    private static List<Outcome> outcomes(List<WalkRecording.Step> steps) {
        return steps.stream().map(s -> s.lookup().outcome()).toList();
    }

    private void invalidateLeaf() {
        fixture.invalidatePages(5, IOVA);
    }

    @Test
    void coldCachesMissAtEachStep() {
        fixture.map(root, IOVA, PAGE, 3);
        var steps = follow();
        assertThat(steps).extracting(WalkRecording.Step::structure).containsExactly(
                "device table entry", "TLB", "page table entry, level 3",
                "page table entry, level 2", "page table entry, level 1");
        assertThat(outcomes(steps)).containsOnly(Outcome.MISS);
        assertThat(steps).extracting(s -> s.lookup().cache()).containsExactly(
                "device table entry cache", "TLB", "directory cache", "directory cache", "TLB");
        assertThat(outcomes(follow())).as("it fills none").containsOnly(Outcome.MISS);
    }

    @Test
    void aPageThatMemoryMovedIsStaleAndWhatTheUnitUses() {
        fixture.map(root, IOVA, PAGE, 3);
        fixture.read(IOVA);
        assertThat(follow().get(1).lookup()).isEqualTo(CacheLookup.hit("TLB",
                "the page of 4 KiB at 0x200000, rights rw", false));
        fixture.map(root, IOVA, PAGE + 0x1000, 3);
        var steps = follow();
        assertThat(outcomes(steps)).containsExactly(Outcome.HIT, Outcome.HIT, Outcome.SKIPPED,
                Outcome.SKIPPED, Outcome.SKIPPED);
        assertThat(steps.get(1).lookup().stale()).isTrue();
        assertThat(Translation.address(outcome)).isEqualTo(PAGE);
    }

    @Test
    void aPageWithoutTheRightIsDeniedByTheCacheWhateverMemorySays() {
        fixture.map(root, IOVA, PAGE, 1);
        fixture.read(IOVA);
        fixture.map(root, IOVA, PAGE, 3);
        var lookup = follow(Access.WRITE).get(1);
        assertThat(lookup.decision()).startsWith("kept without the right that is needed");
        assertThat(lookup.lookup().stale()).isTrue();
        assertThat(Translation.isBlocked(outcome)).isTrue();
    }

    @Test
    void aDeviceTableEntryThatMemoryReplacedIsStale() {
        fixture.map(root, IOVA, PAGE, 3);
        fixture.read(IOVA);
        fixture.domain(Fixture.DEVICE, 6, 3);
        var first = follow().get(0);
        assertThat(first.lookup()).isEqualTo(CacheLookup.hit("device table entry cache",
                "domain 0x5, page table of 3 levels at 0x" + Long.toHexString(root)
                        + ", rights rw", true));
        assertThat(Translation.address(outcome)).isEqualTo(PAGE);
    }

    @Test
    void theWalkBeginsAtACachedTableThatMemoryDoesNotLeadTo() {
        fixture.map(root, IOVA, PAGE, 3);
        fixture.read(IOVA);
        fixture.memory.write64(fixture.entry(root, 3, IOVA, 3), 0);
        invalidateLeaf();
        var steps = follow();
        assertThat(steps).extracting(WalkRecording.Step::structure).containsExactly(
                "device table entry", "TLB", "page table entry, level 3",
                "page table entry, cached", "page table entry, level 1");
        assertThat(steps.get(2).decision()).startsWith("PR=0 -> IO_PAGE_FAULT");
        assertThat(steps.get(3).lookup().stale()).isTrue();
        assertThat(Translation.address(outcome)).isEqualTo(PAGE);
    }

    @ParameterizedTest(name = "{0} at level {1}, access {2}: {3}")
    @CsvSource(delimiter = '|', value = {
        "0 | 2 | 1 | PR=0 -> IO_PAGE_FAULT",
        "0x6000000000200a01 | 2 | 1 | NextLevel=5 cannot stand at level 2 -> IO_PAGE_FAULT",
        "0x2000000000200001 | 1 | 2 | IW=0: write denied -> IO_PAGE_FAULT",
        "0x4000000000200001 | 1 | 1 | IR=0: read denied -> IO_PAGE_FAULT",
        "0x600000ffff000201 | 3 | 1 | present, table of level 1",
        "0x6000000000200001 | 1 | 1 | maps the page of 4 KiB",
    })
    void theDecisionSaysWhatEndsTheWalk(String entry, int level, int access, String decision) {
        fixture.map(root, IOVA, PAGE, 3);
        fixture.memory.write64(fixture.entry(root, 3, IOVA, level), Long.decode(entry));
        assertThat(follow(access)).filteredOn(s -> s.structure().endsWith("level " + level))
                .singleElement().satisfies(s -> assertThat(s.decision()).startsWith(decision));
    }

    @Test
    void reservedBitsOfADeviceTableEntryAreNamed() {
        fixture.memory.write64(fixture.entryOf(Fixture.DEVICE), Fixture.low(3, root, 3) | 0x5cL
                | 1L << 63);
        assertThat(follow()).singleElement().satisfies(s -> assertThat(s.decision())
                .startsWith("reserved bits 63, 6, 4:2 set -> ILLEGAL_DEV_TABLE_ENTRY"));
    }

    @Test
    void interruptEntriesAreToldWithTheirCache() {
        long table = fixture.page();
        fixture.memory.write64(fixture.entryOf(Fixture.DEVICE) + 16, table | 2L << 60 | 3 << 1 | 1);
        fixture.memory.write32(table + 4 * 5, 1 | 0x41 << 16 | 3 << 8);
        var told = new WalkRecording();
        fixture.unit.followInterrupt(Fixture.DEVICE, 0xfee0_0000L, 5, told);
        assertThat(told.steps()).hasSize(2);
        assertThat(told.steps().get(1)).satisfies(s -> {
            assertThat(s.address()).isEqualTo(table + 20);
            assertThat(s.decision()).isEqualTo("valid, vector 0x41 to APIC id 0x3");
            assertThat(s.lookup()).isEqualTo(CacheLookup.miss("interrupt cache"));
        });
        fixture.unit.interrupt(Fixture.DEVICE, 0xfee0_0000L, 5);
        fixture.memory.write32(table + 4 * 5, 0);
        var again = new WalkRecording();
        long kept = fixture.unit.followInterrupt(Fixture.DEVICE, 0xfee0_0000L, 5, again);
        assertThat(Interrupt.vector(kept)).isEqualTo(0x41);
        assertThat(again.steps().get(1).decision()).startsWith("RemapEn=0 -> IO_PAGE_FAULT");
        assertThat(again.steps().get(1).lookup()).isEqualTo(CacheLookup.hit("interrupt cache",
                "vector 0x41 to APIC id 0x3", true));
    }

    @Test
    void nothingIsLoggedAndNobodyIsTold() {
        follow();
        fixture.unit.followInterrupt(Fixture.DEVICE, 0xfee0_0000L, 5, new WalkRecording());
        assertThat(Translation.isBlocked(outcome)).isTrue();
        assertThat(fixture.blocked).isEmpty();
        assertThat(fixture.eventLow(0)).isZero();
        assertThat(fixture.interrupts).isZero();
    }

    @Test
    void requestsWithPasidAreNotModelled() {
        assertThatThrownBy(() -> fixture.unit.follow(Fixture.DEVICE, 1, IOVA, 1,
                new WalkRecording()))
                .isInstanceOf(UnsupportedOperationException.class);
        assertThatThrownBy(() -> fixture.unit.mappings(1, null))
                .isInstanceOf(UnsupportedOperationException.class);
    }
}
