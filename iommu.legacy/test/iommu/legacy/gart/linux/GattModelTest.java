// SPDX-License-Identifier: Apache-2.0
package iommu.legacy.gart.linux;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.memory.AddressRange;
import iommu.api.memory.PhysicalMemory;
import iommu.api.sim.RandomStream;
import iommu.legacy.gart.GattEntry;
import iommu.testkit.FakeKernelPort;
import iommu.testkit.seeds.Seeds;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The table of an aperture beside an array of entries; what it gives out, and when to flush. */
class GattModelTest {

    private static final long APERTURE = 0x2000_0000;
    private static final long BASE = 0x4000;
    private static final int ENTRIES = 128;
    private static final int FIRST = 32;
    private static final long SCRATCH = 0x12_3456_7000L;

    private final PhysicalMemory memory =
            PhysicalMemory.zeroed(List.of(new AddressRange(0, 0x10_0000)));
    private final FakeKernelPort port = new FakeKernelPort(null, memory, 0x8_0000, 0x10_0000);

    private Gatt gatt() {
        return new Gatt(port, APERTURE, BASE, ENTRIES, false);
    }

    private long entry(int index) {
        long at = BASE + index * 4L;
        return memory.read64(at & -8) >>> 8 * (at & 7) & 0xffff_ffffL;
    }

    @ParameterizedTest(name = "0x{0}")
    @CsvSource({"0, false", "1fffffff, false", "20000000, false", "2001ffff, false",
        "20020000, true", "20020001, true", "2007ffff, true", "20080000, false",
        "ffffffff, false", "120020000, false"})
    void itCoversItsApertureButForTheEmergencyPages(String address, boolean covers) {
        assertThat(gatt().covers(Long.parseLong(address, 16))).isEqualTo(covers);
        assertThat(gatt().apertureStart()).isEqualTo(APERTURE);
    }

    @Test
    void whatIsFilledLeadsToTheScratchPageButForTheEmergencyPages() {
        memory.write64(BASE - 8, -1);
        memory.write64(BASE + ENTRIES * 4L, -1);
        gatt().fill(SCRATCH);
        for (int i = 0; i < ENTRIES; i++) {
            assertThat(GattEntry.page(entry(i))).as("%d", i).isEqualTo(i < FIRST ? 0 : SCRATCH);
            assertThat(GattEntry.VALID.isSet(entry(i))).as("%d", i).isEqualTo(i >= FIRST);
        }
        assertThat(memory.read64(BASE - 8)).isEqualTo(-1);
        assertThat(memory.read64(BASE + ENTRIES * 4L)).isEqualTo(-1);
    }

    /** Entries are half words: one that is written leaves its neighbour as it is. */
    @Seeds(count = 6)
    void anEntryIsWrittenWithoutItsNeighbours(long seed) {
        var random = new RandomStream(seed, "gatt");
        Gatt gatt = gatt();
        gatt.fill(SCRATCH);
        var expected = new long[ENTRIES];
        Arrays.fill(expected, FIRST, ENTRIES, GattEntry.of(SCRATCH));
        for (int step = 0; step < 500; step++) {
            int first = FIRST + random.nextInt(ENTRIES - FIRST);
            int count = 1 + random.nextInt(Math.min(6, ENTRIES - first));
            long page = (random.nextLong() & 0xfff_ffffL) << 12;
            boolean clears = random.oneIn(3);
            if (clears) {
                gatt.clear(first, count);
            } else {
                gatt.build(first, count, page);
            }
            for (int i = 0; i < count; i++) {
                expected[first + i] = GattEntry.of(clears ? SCRATCH : page + i * 4096L);
            }
        }
        for (int i = 0; i < ENTRIES; i++) {
            assertThat(entry(i)).as("%d", i).isEqualTo(expected[i]);
        }
    }

    /**
     * Nothing is given twice; where nothing is given there is nothing; a used address flushes. What
     * reaches the end of the table is flushed as it is given, and not as it is given again.
     *
     * <p>Source: Linux, amd_gart_64.c, alloc_iommu.
     */
    @Seeds(count = 10)
    void noAddressIsUsedAgainWithoutAFlush(long seed) {
        var random = new RandomStream(seed, "gatt bitmap");
        Gatt gatt = gatt();
        var given = new BitSet();
        given.set(0, FIRST);
        var sinceFlush = new BitSet();
        var live = new ArrayList<int[]>();
        int refused = 0;
        int flushed = 0;
        for (int step = 0; step < 2000; step++) {
            if (random.nextInt(100) < 45 && !live.isEmpty()) {
                int[] gone = live.remove(random.nextInt(live.size()));
                gatt.clear(gone[0], gone[1]);
                given.clear(gone[0], gone[0] + gone[1]);
                continue;
            }
            int count = 1 + random.nextInt(12);
            int first = gatt.take(count);
            if (first < 0) {
                assertThat(longest(given)).as("free in a row").isLessThan(count);
                refused++;
                continue;
            }
            var taken = new BitSet();
            taken.set(first, first + count);
            assertThat(first + count).isLessThanOrEqualTo(ENTRIES);
            assertThat(given.intersects(taken)).as("%d from %d", count, first).isFalse();
            boolean again = sinceFlush.intersects(taken);
            boolean must = gatt.mustFlush();
            assertThat(must || !again).as("%d used again", first).isTrue();
            assertThat(gatt.mustFlush()).as("asked once more").isFalse();
            if (must) {
                sinceFlush.clear();
                flushed++;
            }
            if (first + count < ENTRIES) {
                sinceFlush.or(taken);
            } else {
                assertThat(must).as("the end is reached").isTrue();
            }
            given.or(taken);
            live.add(new int[] {first, count});
        }
        assertThat(refused).isPositive();
        assertThat(flushed).isPositive();
    }

    private static int longest(BitSet given) {
        int longest = 0;
        for (int at = given.nextClearBit(0); at < ENTRIES; at = given.nextClearBit(at)) {
            int end = given.nextSetBit(at);
            end = end < 0 ? ENTRIES : end;
            longest = Math.max(longest, end - at);
            at = end;
        }
        return longest;
    }

    /** The end of the table is where the search begins anew, not the first clash. */
    @Test
    void onlyTheEndOfTheTableAsksForAFlush() {
        Gatt gatt = gatt();
        assertThat(gatt.take(95)).isEqualTo(FIRST);
        assertThat(gatt.mustFlush()).isFalse();
        assertThat(gatt.take(1)).isEqualTo(ENTRIES - 1);
        assertThat(gatt.mustFlush()).as("the last entry is given").isTrue();
        assertThat(gatt.take(1)).isEqualTo(-1);
        gatt.clear(40, 2);
        assertThat(gatt.take(3)).isEqualTo(-1);
        assertThat(gatt.take(2)).isEqualTo(40);
        assertThat(gatt.mustFlush()).isTrue();
    }

    @ParameterizedTest
    @CsvSource({"96, 32", "97, -1", "1, 32", "128, -1"})
    void allButTheEmergencyPagesCanBeHad(int count, int first) {
        assertThat(gatt().take(count)).isEqualTo(first);
    }

    /** A kernel that finds its own table: what differs from the last entry is in use. */
    @Test
    void whatIsInUseIsLearntFromTheTable() {
        Gatt before = gatt();
        before.fill(SCRATCH);
        before.build(FIRST, 2, 0x5000);
        before.build(50, 70, 0x9000);
        Gatt after = gatt();
        after.learn();
        assertThat(after.take(16)).isEqualTo(34);
        assertThat(after.take(8)).isEqualTo(120);
        assertThat(after.take(1)).isEqualTo(-1);
        after.clear(34, 1);
        assertThat(entry(34)).as("the scratch page is known again")
                .isEqualTo(GattEntry.of(SCRATCH));
    }
}
