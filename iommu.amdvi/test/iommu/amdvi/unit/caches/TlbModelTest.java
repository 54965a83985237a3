// SPDX-License-Identifier: Apache-2.0
package iommu.amdvi.unit.caches;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.amdvi.PageTableEntry;
import iommu.api.sim.RandomStream;
import iommu.testkit.seeds.Seeds;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;

/**
 * Translation and directory cache beside maps that forget nothing: what is found was kept and not
 * dropped since, and an invalidation drops what it names and nothing else.
 */
class TlbModelTest {

    private static final int[] SHIFTS = {12, 13, 21, 24, 30};

    /** A page, or what a directory entry covers: its domain, first address and size. */
    private record Range(int domain, long address, int shift) {

        boolean overlaps(long other, int otherShift) {
            int wide = Math.max(shift, otherShift);
            return wide >= 64 || address >>> wide == other >>> wide;
        }
    }

    private final Generation generation = new Generation();
    private final Tlb tlb = new Tlb(64, generation);
    private final DirectoryCache directories = new DirectoryCache(64);
    private final Map<Range, Long> pages = new HashMap<>();
    private final Map<Range, Long> tables = new HashMap<>();
    private RandomStream random;

    /** Pages of one size have a part of the address space of their own. */
    private Range drawnPage() {
        int shift = SHIFTS[random.nextInt(SHIFTS.length)];
        return new Range(1 + random.nextInt(3),
                (long) shift << 40 | (long) random.nextInt(6) << shift, shift);
    }

    private Range drawnTable() {
        int shift = PageTableEntry.shift(2 + random.nextInt(4));
        return new Range(1 + random.nextInt(3), (long) random.nextInt(3) << shift, shift);
    }

    private boolean holdsPage(Range page) {
        int slot = tlb.find(page.domain, page.address | 0xabc);
        if (slot < 0) {
            return false;
        }
        assertThat(tlb.page(slot) | tlb.rights(slot)).as("%s", page).isEqualTo(pages.get(page));
        assertThat(tlb.pageShift(slot)).isEqualTo(page.shift);
        return true;
    }

    private static int level(Range table) {
        return (table.shift - 3) / 9 - 1;
    }

    private boolean holdsTable(Range table) {
        long known = directories.at(table.domain, table.address | 0x1abc, level(table));
        if (known == DirectoryCache.NONE) {
            return false;
        }
        assertThat(DirectoryCache.table(known) | DirectoryCache.rights(known)).as("%s", table)
                .isEqualTo(tables.get(table));
        assertThat(DirectoryCache.level(known)).isEqualTo(level(table));
        return true;
    }

    private static Set<Range> held(Map<Range, Long> kept, Predicate<Range> holds) {
        var all = new HashSet<Range>();
        kept.keySet().stream().filter(holds).forEach(all::add);
        return all;
    }

    private void insertPage() {
        Range page = drawnPage();
        if (tlb.find(page.domain, page.address) >= 0) {
            return;
        }
        long target = (long) (1 + random.nextInt(1000)) << page.shift;
        int rights = random.nextInt(4);
        Set<Range> before = held(pages, this::holdsPage);
        pages.put(page, target | rights);
        tlb.insert(page.domain, page.address | 0x123, target, page.shift, rights);
        Set<Range> after = held(pages, this::holdsPage);
        before.add(page);
        assertThat(after).contains(page);
        assertThat(before.size() - after.size()).as("at most one lost its place").isBetween(0, 1);
    }

    private void insertTable() {
        Range table = drawnTable();
        if (holdsTable(table)) {
            return;
        }
        long target = (long) (1 + random.nextInt(1000)) << 12;
        int rights = random.nextInt(4);
        Set<Range> before = held(tables, this::holdsTable);
        tables.put(table, target | rights);
        directories.insert(table.domain, table.address, level(table), target, rights);
        Set<Range> after = held(tables, this::holdsTable);
        before.add(table);
        assertThat(after).contains(table);
        assertThat(before.size() - after.size()).isBetween(0, 1);
    }

    private void dropPages() {
        int domain = 1 + random.nextInt(4);
        Range near = drawnPage();
        int shift = random.oneIn(8) ? 64 : 12 + random.nextInt(40);
        long address = near.address + ((long) random.nextInt(3) << 12);
        Set<Range> expected = held(pages, this::holdsPage);
        boolean any = expected.removeIf(p -> p.domain == domain && p.overlaps(address, shift));
        long before = generation.count();
        assertThat(tlb.invalidate(domain, address, shift)).as("whether anything went")
                .isEqualTo(any);
        assertThat(generation.count() > before).isEqualTo(any);
        assertThat(held(pages, this::holdsPage)).isEqualTo(expected);
        pages.keySet().retainAll(expected);
    }

    private void dropTables() {
        int domain = 1 + random.nextInt(4);
        int shift = random.oneIn(8) ? 64 : 12 + random.nextInt(40);
        long address = drawnTable().address + ((long) random.nextInt(2000) << 12);
        Set<Range> expected = held(tables, this::holdsTable);
        boolean any = expected.removeIf(t -> t.domain == domain && t.overlaps(address, shift));
        assertThat(directories.invalidate(domain, address, shift)).isEqualTo(any);
        assertThat(held(tables, this::holdsTable)).isEqualTo(expected);
        tables.keySet().retainAll(expected);
    }

    @Seeds(count = 20)
    void ofPagesAnInvalidationDropsWhatItNamesAndNothingElse(long seed) {
        random = new RandomStream(seed, "amdvi pages");
        for (int i = 0; i < 400; i++) {
            switch (random.nextInt(8)) {
                case 0, 1 -> dropPages();
                case 2 -> {
                    if (random.oneIn(16)) {
                        tlb.invalidateAll();
                        assertThat(held(pages, this::holdsPage)).isEmpty();
                        pages.clear();
                    }
                }
                default -> insertPage();
            }
        }
        assertThat(pages).isNotEmpty();
    }

    @Seeds(count = 20)
    void ofDirectoriesAnInvalidationDropsWhatItNamesAndNothingElse(long seed) {
        random = new RandomStream(seed, "amdvi directories");
        for (int i = 0; i < 400; i++) {
            if (random.oneIn(5)) {
                dropTables();
            } else {
                insertTable();
            }
        }
        assertThat(tables).isNotEmpty();
    }

    /** A lookup begins at the lowest table that is known below the top. */
    @Seeds
    void theLowestDirectoryIsFound(long seed) {
        random = new RandomStream(seed, "amdvi lowest");
        for (int i = 0; i < 60; i++) {
            insertTable();
        }
        for (int i = 0; i < 60; i++) {
            Range any = drawnTable();
            int top = 2 + random.nextInt(5);
            int lowest = held(tables, this::holdsTable).stream()
                    .filter(t -> t.domain == any.domain && t.overlaps(any.address, t.shift))
                    .mapToInt(TlbModelTest::level).filter(l -> l < top).min().orElse(0);
            long found = directories.find(any.domain, any.address, top);
            assertThat(found == DirectoryCache.NONE ? 0 : DirectoryCache.level(found))
                    .isEqualTo(lowest);
        }
    }
}
