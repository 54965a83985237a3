// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.memory.AddressRange;
import iommu.testkit.seeds.Seeds;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Windows of pages beside a model that tries every place; addresses in use by domain. */
class PagesFromTopTest {

    private static final int PAGES = 64;
    private static final long END = 1L << 20;

    private final PagesFromTop window = new PagesFromTop(END, PAGES);
    private final Set<Long> used = new TreeSet<>();
    /** The model's search for the highest place begins below this page. */
    private long below = END;

    private boolean isFree(long first, int count) {
        for (long page = first; page < first + count; page++) {
            if (page < END - PAGES || page >= END || used.contains(page)) {
                return false;
            }
        }
        return true;
    }

    /** The page that the model gives: the highest or the lowest place that fits; 0 for none. */
    private long place(int count, int aligned, boolean highest, long end) {
        long best = 0;
        for (long page = END - PAGES; page + count <= end; page++) {
            if (page % aligned == 0 && isFree(page, count) && (best == 0 || highest)) {
                best = page;
            }
        }
        return best;
    }

    /** The address that the model gives; a search for the highest goes on below the last one. */
    private long model(int count, int aligned, boolean highest) {
        long best = place(count, aligned, highest, highest ? below : END);
        if (best == 0 && highest) {
            best = place(count, aligned, true, END);
        }
        for (long page = best; best != 0 && page < best + count; page++) {
            used.add(page);
        }
        if (best != 0 && highest) {
            below = Math.max(best, END - PAGES + 1);
        }
        return best << 12;
    }

    @Seeds(count = 60)
    void theHighestAndTheLowestPlaceAreThoseOfTheModel(long seed) {
        var random = new Random(seed);
        for (int i = 0; i < 150; i++) {
            int kind = random.nextInt(4);
            if (kind == 0 && !used.isEmpty()) {
                long page = List.copyOf(used).get(random.nextInt(used.size()));
                used.remove(page);
                window.free(page << 12);
                below = Math.max(below, page + 1);
            } else if (kind == 1) {
                long first = END - PAGES - 4 + random.nextInt(PAGES + 8);
                int bytes = 1 + random.nextInt(0x3000);
                long iova = (first << 12) + random.nextInt(4096);
                window.reserve(iova, bytes);
                for (long page = iova >>> 12; page <= iova + bytes - 1 >>> 12; page++) {
                    if (page >= END - PAGES && page < END) {
                        used.add(page);
                    }
                }
            } else {
                int count = 1 + random.nextInt(5);
                int aligned = 1 << random.nextInt(4);
                boolean highest = kind == 2;
                assertThat(highest ? window.takeHighest(count, aligned)
                        : window.takeLowest(count, aligned))
                        .as("step %d: %d pages aligned to %d", i, count, aligned)
                        .isEqualTo(model(count, aligned, highest));
            }
        }
    }

    @ParameterizedTest(name = "{0} pages aligned to {1}")
    @CsvSource({
        "1,  1,  0xfffff000, 0xfffc0000",
        "2,  1,  0xffffe000, 0xfffc0000",
        "2,  2,  0xffffe000, 0xfffc0000",
        "3,  4,  0xffffc000, 0xfffc0000",
        "5,  8,  0xffff8000, 0xfffc0000",
        "64, 1,  0xfffc0000, 0xfffc0000",
        "64, 64, 0xfffc0000, 0xfffc0000",
        "65, 1,  0,          0",
        "1,  128, 0,         0"})
    void anEmptyWindowGivesItsEnds(int count, int aligned, String highest, String lowest) {
        assertThat(new PagesFromTop(END, PAGES).takeHighest(count, aligned))
                .isEqualTo((long) Long.decode(highest));
        assertThat(new PagesFromTop(END, PAGES).takeLowest(count, aligned))
                .isEqualTo((long) Long.decode(lowest));
    }

    /** Below it first, and once there is nothing, above. */
    @ParameterizedTest(name = "{1} pages below {0}")
    @CsvSource({
        "0xffff0000,  1,  0xfffef000, 0xfffee000",
        "0xffff0000,  48, 0xfffc0000, 0",
        "0xffff0000,  40, 0xfffc8000, 0",
        "0xfffc1000,  1,  0xfffc0000, 0xfffff000",
        "0xfffc1000,  2,  0xffffe000, 0xffffc000",
        "0xfffc0000,  1,  0xfffc0000, 0xfffff000",
        "0x100000000, 1,  0xfffff000, 0xffffe000",
        "0x200000000, 1,  0xfffff000, 0xffffe000",
        "0x1000,      1,  0xfffc0000, 0xfffff000"})
    void placesAreLookedForBelowWhereItBegins(String below, int count, String first,
            String second) {
        window.beginBelow(Long.decode(below));
        assertThat(window.takeHighest(count, 1)).isEqualTo((long) Long.decode(first));
        assertThat(window.takeHighest(count, 1)).isEqualTo((long) Long.decode(second));
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource({"0xfffbffff, false", "0xfffc0000, true", "0xffffffff, true",
        "0x100000000, false", "0, false"})
    void aWindowContainsItsPages(String iova, boolean contains) {
        assertThat(window.contains(Long.decode(iova))).isEqualTo(contains);
    }

    /** What is reserved outside, and around the window, and with an end beyond all addresses. */
    @ParameterizedTest(name = "{1} bytes from {0}")
    @CsvSource({
        "0,                  0x1000,             0xfffff000",
        "0,                  0xfffc0000,         0xfffff000",
        "0,                  0xfffc0001,         0xfffff000",
        "0x100000000,        0x1000,             0xfffff000",
        "0xfffff000,         0x1000,             0xffffe000",
        "0xffffffff,         1,                  0xffffe000",
        "0xffffefff,         2,                  0xffffd000",
        "0xfffc1000,         0x3f000,            0xfffc0000",
        "0xfffc0000,         0x40000,            0",
        "0,                  0x100000000,        0",
        "0,                  0x7fffffffffffffff, 0",
        "0xffff0000,         0x7fffffffffffffff, 0xfffef000"})
    void whatIsReservedIsNotGiven(String start, String bytes, String next) {
        window.reserve(Long.decode(start), Long.decode(bytes));
        assertThat(window.takeHighest(1, 1)).isEqualTo((long) Long.decode(next));
    }

    @Test
    void aPageThatIsFreeAgainIsGivenAgain() {
        long first = window.takeHighest(1, 1);
        long second = window.takeHighest(1, 1);
        window.free(first);
        assertThat(window.takeHighest(1, 1)).isEqualTo(first);
        assertThat(window.takeHighest(1, 1)).isLessThan(second);
    }

    // ---- addresses in use -----------------------------------------------------------------------

    private final IovaInUse inUse = new IovaInUse();

    private void add(int unit, int requester, int domain, long start) {
        inUse.add(unit, requester, domain, AddressRange.of(start, 0x1000));
    }

    @Test
    void whatOneOfADomainUsesIsTakenForAll() {
        add(0, 0x100, 5, 0x1000);
        add(0, 0x200, 5, 0x8000);
        add(0, 0x300, 6, 0x4000);
        assertThat(inUse.sharers(0, List.of(0x100))).containsExactlyInAnyOrder(0x100, 0x200);
        assertThat(inUse.ranges(0, List.of(0x100))).containsExactly(
                new AddressRange(0x1000, 0x2000), new AddressRange(0x8000, 0x9000));
        assertThat(inUse.sharers(0, List.of(0x300))).containsExactly(0x300);
        assertThat(inUse.ranges(0, List.of(0x300, 0x200))).hasSize(3);
    }

    @Test
    void adjacentRangesAreOne() {
        add(0, 0x100, 5, 0x1000);
        add(0, 0x100, 5, 0x2000);
        add(0, 0x100, 5, 0x3000);
        add(0, 0x100, 5, 0x5000);
        add(0, 0x100, 5, 0x4000);
        assertThat(inUse.ranges(0, List.of(0x100))).containsExactly(
                new AddressRange(0x1000, 0x4000), new AddressRange(0x5000, 0x6000),
                new AddressRange(0x4000, 0x5000));
    }

    @Test
    void unitsHaveDomainsOfTheirOwn() {
        add(0, 0x100, 5, 0x1000);
        add(1, 0x200, 5, 0x8000);
        assertThat(inUse.sharers(0, List.of(0x100))).containsExactly(0x100);
        assertThat(inUse.ranges(1, List.of(0x100))).isEmpty();
        assertThat(inUse.ranges(1, List.of(0x200)))
                .containsExactly(new AddressRange(0x8000, 0x9000));
    }

    @Test
    void aFunctionMayHaveSeveralDomains() {
        add(0, 0x100, 5, 0x1000);
        add(0, 0x100, 6, 0x2000);
        add(0, 0x200, 6, 0x3000);
        assertThat(inUse.sharers(0, List.of(0x100))).containsExactlyInAnyOrder(0x100, 0x200);
        assertThat(inUse.ranges(0, List.of(0x100))).containsExactlyInAnyOrder(
                new AddressRange(0x1000, 0x2000), new AddressRange(0x2000, 0x4000));
        assertThat(inUse.sharers(0, List.of(0x999))).as("nobody, but itself")
                .containsExactly(0x999);
    }
}
