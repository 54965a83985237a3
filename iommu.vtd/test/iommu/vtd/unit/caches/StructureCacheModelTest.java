// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.unit.caches;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.sim.RandomStream;
import iommu.api.unit.CacheLookup;
import iommu.testkit.seeds.Seeds;
import iommu.vtd.unit.requests.PagingMode;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * The paging-structure caches beside a map that forgets nothing: what is found was kept and not
 * dropped since, and an invalidation drops what it names and nothing else.
 */
class StructureCacheModelTest {

    /** A table of a level. {@code address} is the first that it translates. */
    private record Table(int domain, int pasid, long address, int level) {

        int shift() {
            return 12 + 9 * level;
        }

        boolean overlaps(long other, int mask) {
            int wide = Math.max(shift(), 12 + mask);
            return address >>> wide == other >>> wide;
        }
    }

    /** What is known of a table. */
    private record Known(long tableAndRights, boolean nested) { }

    private final StructureCache cache = new StructureCache(32);
    private final Map<Table, Known> kept = new HashMap<>();
    private RandomStream random;

    private int drawnPasid() {
        return random.nextInt(3) - 1;
    }

    private Table drawnTable() {
        int level = 1 + random.nextInt(3);
        long address = (long) random.nextInt(4) << 12 + 9 * level | (long) random.nextInt(2) << 47;
        return new Table(1 + random.nextInt(3), drawnPasid(), address, level);
    }

    private boolean isHeld(Table table) {
        long value = kept.get(table).tableAndRights;
        CacheLookup found = cache.lookup(table.domain, table.pasid, table.address | 0x1abc,
                table.level, value);
        if (found.equals(CacheLookup.miss(StructureCache.NAME))) {
            return false;
        }
        assertThat(found).as("%s", table).isEqualTo(
                CacheLookup.hit(StructureCache.NAME, StructureCache.held(value), false));
        return true;
    }

    private Set<Table> held() {
        var all = new HashSet<Table>();
        kept.keySet().stream().filter(this::isHeld).forEach(all::add);
        return all;
    }

    /** The lowest level is found, whatever is known of those above. */
    private void findsTheLowest() {
        Table any = drawnTable();
        int lowest = 0;
        long value = 0;
        for (Table table : held()) {
            if (table.domain == any.domain && table.pasid == any.pasid
                    && table.address >>> table.shift() == any.address >>> table.shift()
                    && (lowest == 0 || table.level < lowest)) {
                lowest = table.level;
                value = kept.get(table).tableAndRights;
            }
        }
        int found = cache.find(any.domain, any.pasid, any.address);
        assertThat(found >= 0).isEqualTo(lowest != 0);
        if (found >= 0) {
            assertThat(cache.level(found)).isEqualTo(lowest);
            assertThat(cache.value(found)).isEqualTo(value);
        }
        if (any.pasid == PagingMode.SECOND_STAGE) {
            assertThat(cache.lowest(any.domain, any.address)).isEqualTo(lowest == 1 ? found : -1);
        }
        if (found >= 0) {
            placeIsOf(value, found);
        }
    }

    /** What is noted of a table is gone with it, and no copy has it. */
    private void placeIsOf(long value, int found) {
        int place = (int) (value >>> 12);
        assertThat(cache.place(found)).isIn(-1, place);
        cache.place(found, place);
        assertThat(cache.place(found)).isEqualTo(place);
        assertThat(cache.copy().place(found)).isEqualTo(-1);
    }

    private void insert() {
        Table table = drawnTable();
        long value = (long) (1 + random.nextInt(1000)) << 12 | 1 + random.nextInt(3);
        boolean nested = table.pasid != PagingMode.SECOND_STAGE && random.oneIn(3);
        Set<Table> before = held();
        kept.put(table, new Known(value, nested));
        cache.insert(table.domain, table.pasid, table.address | 0x123, table.level, value, nested);
        Set<Table> after = held();
        assertThat(after).contains(table);
        before.add(table);
        assertThat(before.size() - after.size()).as("at most one lost its place").isBetween(0, 1);
    }

    private void drop(Runnable invalidation, Predicate<Table> named) {
        Set<Table> expected = held();
        expected.removeIf(named);
        invalidation.run();
        assertThat(held()).isEqualTo(expected);
        kept.keySet().retainAll(expected);
    }

    private void dropPages() {
        int domain = 1 + random.nextInt(4);
        int pasid = drawnPasid();
        long address = drawnTable().address + ((long) random.nextInt(1024) << 12);
        int mask = random.nextInt(32);
        drop(() -> cache.invalidatePages(domain, pasid, address, mask), t ->
                t.domain == domain && (t.pasid == pasid && t.overlaps(address, mask)
                        || pasid == PagingMode.SECOND_STAGE && kept.get(t).nested));
    }

    @Seeds(count = 20)
    void anInvalidationDropsWhatItNamesAndNothingElse(long seed) {
        random = new RandomStream(seed, "vtd tables");
        for (int i = 0; i < 400; i++) {
            int domain = 1 + random.nextInt(4);
            int pasid = drawnPasid();
            switch (random.nextInt(16)) {
                case 0 -> drop(() -> cache.invalidateDomain(domain), t -> t.domain == domain);
                case 1 -> drop(() -> cache.invalidatePasid(domain, pasid), t ->
                        t.domain == domain && t.pasid == pasid);
                case 2, 3, 4 -> dropPages();
                case 5, 6 -> findsTheLowest();
                case 7 -> {
                    if (random.oneIn(4)) {
                        drop(cache::invalidateAll, t -> true);
                    }
                }
                default -> insert();
            }
        }
        assertThat(kept).isNotEmpty();
    }

    /** A page drops every table on the way to it, a page beside it only those above. */
    @ParameterizedTest(name = "{0}, mask {1}")
    @CsvSource({"0x0, 0, ''", "0x1ff000, 0, ''", "0x200000, 0, 1", "0x3fffffff, 0, 1",
        "0x40000000, 0, 12", "0x7fffffffff, 0, 12", "0x8000000000, 0, 123",
        "0x200000, 9, 1", "0x200000, 10, ''", "0x40000000, 18, 12", "0x40000000, 19, ''"})
    void aPageDropsTheTablesAboveIt(String address, int mask, String left) {
        for (int level = 1; level <= 3; level++) {
            cache.insert(7, PagingMode.SECOND_STAGE, 0, level, 0x9003, false);
        }
        cache.invalidatePages(7, PagingMode.SECOND_STAGE, Long.decode(address), mask);
        String found = "";
        for (int level = 1; level <= 3; level++) {
            found += cache.lookup(7, PagingMode.SECOND_STAGE, 0, level, 0x9003)
                    .equals(CacheLookup.miss(StructureCache.NAME)) ? "" : level;
        }
        assertThat(found).isEqualTo(left);
    }

    @Test
    void whatMemoryNoLongerSaysIsTold() {
        cache.insert(7, 3, 0x5000, 2, 0x9003, false);
        assertThat(cache.lookup(7, 3, 0x5000, 2, 0xa003)).isEqualTo(
                CacheLookup.hit(StructureCache.NAME, StructureCache.held(0x9003), true));
        assertThat(cache.lookup(7, 3, 0x5000, 4, 0xa003)).as("no such level is kept")
                .isEqualTo(CacheLookup.none());
        cache.insert(7, 3, 0x5000, 4, 0xb003, false);
        assertThat(cache.value(cache.find(7, 3, 0x5000))).isEqualTo(0x9003);
    }

    @Test
    void theOneThatHoldsNothingNeverDoes() {
        StructureCache.NONE.insert(7, 3, 0x5000, 1, 0x9003, false);
        assertThat(StructureCache.NONE.find(7, 3, 0x5000)).isNegative();
        assertThat(StructureCache.NONE.lowest(7, 0x5000)).isNegative();
        assertThat(StructureCache.NONE.lookup(7, 3, 0x5000, 1, 0)).isEqualTo(CacheLookup.none());
    }
}
