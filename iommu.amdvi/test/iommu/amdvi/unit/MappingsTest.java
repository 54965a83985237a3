// SPDX-License-Identifier: Apache-2.0
package iommu.amdvi.unit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import iommu.amdvi.PageTableEntry;
import iommu.api.pcie.Access;
import iommu.api.unit.MappingVisitor;
import iommu.api.unit.WalkListener;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** All mappings of the tables, and the walk of one address as it is told. */
class MappingsTest {

    private final Fixture fixture = Fixture.on();

    private List<String> rows() {
        var rows = new ArrayList<String>();
        fixture.unit.mappings(new MappingVisitor() {
            @Override
            public void mapping(int requester, int domainId, long iova, long physicalAddress,
                    long bytes, int access) {
                rows.add(String.format("%x %d 0x%x 0x%x %d %s", requester, domainId, iova,
                        physicalAddress, bytes, Access.format(access)));
            }

            @Override
            public void passThrough(int requester, int domainId) {
                rows.add(String.format("%x %d passes", requester, domainId));
            }
        });
        return rows;
    }

    @Test
    void pagesAreToldByRequesterThenAddress() {
        long other = fixture.domain(Fixture.OTHER, 6, 3);
        fixture.map(other, 0x5000, 0x20_0000, 3);
        long root = fixture.domain(Fixture.DEVICE, 5, 3);
        fixture.map(root, 0x4000_0000L, 0x21_0000, 1);
        fixture.map(root, 0x7000, 0x22_0000, 2);
        assertThat(rows()).containsExactly("28 5 0x7000 0x220000 4096 w",
                "28 5 0x40000000 0x210000 4096 r", "30 6 0x5000 0x200000 4096 rw");
    }

    @Test
    void rightsAreThoseOfAllLevels() {
        long root = fixture.domain(Fixture.DEVICE, 5, 3);
        fixture.map(root, 0x7000, 0x20_0000, 3);
        fixture.map(root, 0x8000, 0x20_1000, 2);
        fixture.entry(Fixture.DEVICE, 5, 3, root, Access.READ);
        assertThat(rows()).containsExactly("28 5 0x7000 0x200000 4096 r");
    }

    @Test
    void entriesWithoutTableAreToldIfTheyGrantAnything() {
        fixture.entry(1, 0, 0, 0, Fixture.RW);
        fixture.entry(2, 0, 0, 0, Access.NONE);
        fixture.memory.write64(fixture.entryOf(3), Fixture.low(0, 0, 3) & ~2);
        assertThat(rows()).containsExactly("1 0 passes");
    }

    @Test
    void aPageOfSeveralEntriesIsToldOnceAlsoWhenAccessedBitsDiffer() {
        long root = fixture.domain(Fixture.DEVICE, 5, 3);
        long entry = PageTableEntry.NEXT_LEVEL.with(
                Fixture.leaf(PageTableEntry.encodedAddress(0x20_0000, 14), 3), 7);
        for (long at = 0x4000; at < 0x8000; at += 0x1000) {
            fixture.memory.write64(fixture.entry(root, 3, at, 1), entry);
        }
        fixture.memory.write64(fixture.entry(root, 3, 0x6000, 1),
                entry | PageTableEntry.A.mask() | PageTableEntry.D.mask());
        assertThat(rows()).containsExactly("28 5 0x4000 0x200000 16384 rw");
        fixture.memory.write64(fixture.entry(root, 3, 0x6000, 1), 0);
        assertThat(rows()).as("what the walk grants, entry by entry").containsExactly(
                "28 5 0x4000 0x200000 4096 rw", "28 5 0x5000 0x201000 4096 rw",
                "28 5 0x7000 0x203000 4096 rw");
    }

    @Test
    void whatTheWalkRefusesIsNotTold() {
        long root = fixture.domain(Fixture.DEVICE, 5, 3);
        fixture.memory.write64(root, Fixture.directory(root, 3));
        fixture.memory.write64(root + 8, Fixture.directory(Fixture.OUTSIDE, 2));
        fixture.entry(Fixture.OTHER, 6, 7, root, 3);
        assertThat(rows()).isEmpty();
    }

    @Test
    void skippedLevelsAreFollowed() {
        long root = fixture.domain(Fixture.DEVICE, 5, 4);
        long bottom = fixture.page();
        fixture.memory.write64(root + 8, Fixture.directory(bottom, 1));
        fixture.memory.write64(bottom + 16, Fixture.leaf(0x20_0000, 3));
        assertThat(rows()).containsExactly("28 5 0x8000002000 0x200000 4096 rw");
    }

    @Test
    void tablesUsedOverAndOverEndInAnError() {
        long root = fixture.domain(Fixture.DEVICE, 5, 6);
        long[] tables = {root, fixture.page(), fixture.page(), fixture.page(), fixture.page()};
        for (int t = 0; t < 5; t++) {
            for (int i = 0; i < 512; i++) {
                fixture.memory.write64(tables[t] + i * 8,
                        Fixture.directory(tables[Math.min(t + 1, 4)], t == 4 ? 1 : 5 - t));
            }
        }
        assertThatThrownBy(this::rows).isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("page tables for requester 0x28");
    }

    @Test
    void aWalkTellsEachEntryWithItsFields() {
        long root = fixture.domain(Fixture.DEVICE, 5, 3);
        fixture.map(root, 0x7000, 0x20_0000, 3);
        var told = new ArrayList<String>();
        WalkListener listener = (structure, address, words, fields, decision) ->
                told.add(structure + ": " + fields.get(1) + ": " + decision);
        fixture.unit.explain(Fixture.DEVICE, 0x7000, 1, listener);
        assertThat(told).hasSize(4);
        assertThat(told.get(0)).startsWith("device table entry: ").contains("TV, value=0x1")
                .endsWith("valid, page table of 3 levels at 0x" + Long.toHexString(root));
        assertThat(told.get(1)).startsWith("page table entry, level 3: ")
                .contains("NextLevel, value=0x2");
        assertThat(told.get(3)).endsWith("maps the page of 4 KiB at 0x200000");
    }

    @Test
    void aWalkThatEndsTellsWhy() {
        var told = new ArrayList<String>();
        WalkListener listener = (structure, address, words, fields, decision) ->
                told.add(decision);
        fixture.unit.explain(Fixture.DEVICE, 0x7000, 1, listener);
        fixture.domain(Fixture.DEVICE, 5, 3);
        fixture.unit.explain(Fixture.DEVICE, 0x7000, 1, listener);
        fixture.entry(Fixture.DEVICE, 5, 7, 0, 3);
        fixture.unit.explain(Fixture.DEVICE, 0x7000, 1, listener);
        fixture.memory.write64(fixture.entryOf(Fixture.DEVICE), 1);
        fixture.unit.explain(Fixture.DEVICE, 0x7000, 1, listener);
        fixture.entry(Fixture.DEVICE, 5, 0, 0, 3);
        fixture.unit.explain(Fixture.DEVICE, 0x7000, 1, listener);
        assertThat(told).hasSize(6);
        assertThat(told.get(0)).isEqualTo("not valid, requests are forwarded unchanged");
        assertThat(told.get(2)).startsWith("PR=0 -> IO_PAGE_FAULT: not mapped");
        assertThat(told.get(3)).startsWith("Mode 7 not supported -> ILLEGAL_DEV_TABLE_ENTRY");
        assertThat(told.get(4)).contains("requests are blocked");
        assertThat(told.get(5)).isEqualTo("no page table, IR and IW decide");
    }
}
