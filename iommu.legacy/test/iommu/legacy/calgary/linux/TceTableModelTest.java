// SPDX-License-Identifier: Apache-2.0
package iommu.legacy.calgary.linux;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.memory.AddressRange;
import iommu.api.memory.PhysicalMemory;
import iommu.api.pcie.Access;
import iommu.api.sim.RandomStream;
import iommu.legacy.calgary.TranslationEntry;
import iommu.testkit.FakeKernelPort;
import iommu.testkit.seeds.Seeds;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A table beside an array of entries and a set of those given out, wherever it lies. */
class TceTableModelTest {

    private static final long BASE = 0x4000;
    private static final int ENTRIES = 256;
    private static final long PAGE = 4096;

    private final PhysicalMemory memory =
            PhysicalMemory.zeroed(List.of(new AddressRange(0, 0x10_0000)));
    private final FakeKernelPort port = new FakeKernelPort(null, memory, 0x8_0000, 0x10_0000);

    private TceTable table(long base) {
        return new TceTable(port, 3, base, ENTRIES);
    }

    /** Returns the entry that hardware finds: eight bytes, the highest first. */
    private long entry(long base, int index) {
        long value = 0;
        for (int i = 0; i < 8; i++) {
            long at = base + index * 8L + i;
            value = value << 8 | memory.read64(at & -8) >>> 8 * (at & 7) & 0xff;
        }
        return value;
    }

    /** Returns the numbers that single entries are given until there are none. */
    private static BitSet all(TceTable table) {
        var taken = new BitSet();
        for (int first = table.take(1); first >= 0; first = table.take(1)) {
            assertThat(taken.get(first)).as("entry %d twice", first).isFalse();
            taken.set(first);
        }
        return taken;
    }

    private static BitSet but(int from, int to) {
        var free = new BitSet();
        free.set(0, ENTRIES);
        free.clear(from, to);
        return free;
    }

    @Test
    void aTableKnowsWhatItWasToldOfItself() {
        TceTable table = table(BASE);
        assertThat(table.bus()).isEqualTo(3);
        assertThat(table.base()).isEqualTo(BASE);
        assertThat(table.entries()).isEqualTo(ENTRIES);
    }

    /** Kernels that mistake the size of a table write between two entries of the hardware's. */
    @Seeds(count = 6)
    void entriesLieWhereTheyShouldAndTouchNoOthers(long seed) {
        var random = new RandomStream(seed, "tce");
        for (long base = BASE; base < BASE + 8; base++) {
            for (long at = BASE - 8; at < BASE + (ENTRIES + 2) * 8; at += 8) {
                memory.write64(at, -1);
            }
            TceTable table = table(base);
            var expected = new long[ENTRIES];
            Arrays.fill(expected, -1);
            for (int step = 0; step < 60; step++) {
                int first = random.nextInt(ENTRIES);
                int count = 1 + random.nextInt(Math.min(5, ENTRIES - first));
                long page = (random.nextLong() & 0xffff_ffffL) * PAGE;
                boolean clears = random.oneIn(3);
                int access = 1 + random.nextInt(3);
                if (clears) {
                    table.free(first, count);
                } else {
                    table.build(first, count, page, access);
                }
                for (int i = 0; i < count; i++) {
                    expected[first + i] = clears ? 0
                            : TranslationEntry.of(page + i * PAGE, access);
                }
            }
            for (int i = 0; i < ENTRIES; i++) {
                assertThat(entry(base, i)).as("entry %d at 0x%x", i, base).isEqualTo(expected[i]);
            }
            assertThat(entry(base, -1)).as("what lies before").isEqualTo(-1);
            assertThat(entry(base, ENTRIES)).as("what lies behind").isEqualTo(-1);
        }
    }

    /** What is taken is free, adjacent and the first such behind the last; or nothing is. */
    @Seeds(count = 8)
    void whatIsTakenIsTheFirstThatIsFreeBehindTheLast(long seed) {
        var random = new RandomStream(seed, "tce bitmap");
        TceTable table = table(BASE);
        var free = new BitSet();
        free.set(0, ENTRIES);
        int hint = 0;
        var live = new ArrayList<int[]>();
        for (int step = 0; step < 2000; step++) {
            int count = 1 + random.nextInt(20);
            if (random.oneIn(3) && !live.isEmpty()) {
                int[] gone = live.remove(random.nextInt(live.size()));
                table.free(gone[0], gone[1]);
                free.set(gone[0], gone[0] + gone[1]);
            } else if (random.oneIn(10)) {
                table.rewind();
                hint = 0;
            } else {
                int expected = -1;
                for (int i = hint; i + count <= ENTRIES && expected < 0; i++) {
                    expected = free.nextClearBit(i) >= i + count ? i : -1;
                }
                assertThat(table.take(count)).as("%d entries from %d on", count, hint)
                        .isEqualTo(expected);
                if (expected >= 0) {
                    free.clear(expected, expected + count);
                    live.add(new int[] {expected, count});
                    hint = expected + count;
                }
            }
        }
        assertThat(live).isNotEmpty();
    }

    @ParameterizedTest(name = "{0} to {1}: not {2} to {3}")
    @CsvSource({"0x0, 0x1, 0, 1", "0x0, 0x1000, 0, 1", "0x0, 0x1001, 0, 2",
        "0xfff, 0x1000, 0, 1", "0xfff, 0x1001, 0, 2", "0x1000, 0x2000, 1, 2",
        "0xff000, 0x100000, 255, 256", "0xfffff, 0x100001, 255, 256",
        "0xfe000, 0x200000, 254, 256", "0x100000, 0x200000, 256, 256",
        "0x0, 0x10000000000, 0, 256", "0x1000000000000, 0x1000000001000, 256, 256"})
    void aReservedRangeIsKeptAsFarAsTheTableReaches(String start, String end, int from, int to) {
        TceTable table = table(BASE);
        table.reserve(new AddressRange(Long.decode(start), Long.decode(end)));
        assertThat(all(table)).isEqualTo(but(from, to));
    }

    /** The first 128 KiB, and the hole from 640 KiB to 1 MiB. */
    @Test
    void theUsualOnesAreThirtyTwoPagesAndTheHole() {
        TceTable table = table(BASE);
        table.reserveUsual(false);
        BitSet free = but(0, 32);
        free.clear(0xa0, 0x100);
        assertThat(all(table)).isEqualTo(free);
    }

    /** A window ends with the last byte of a megabyte; one that ends before it begins is none. */
    @ParameterizedTest(name = "window from {0} to {1}")
    @CsvSource({"0x0, 0x0, 0, 256", "0x80000, 0x80000, 128, 256", "0x80001, 0xfffff, 128, 256",
        "0x80000, 0x7ffff, 256, 256", "0xfffff, 0xfffff, 255, 256",
        "0x100000, 0x1fffff, 256, 256", "0x80000, 0x2fffff, 128, 256"})
    void aWindowEndsWithItsMegabyte(String start, String limit, int from, int to) {
        TceTable table = table(BASE);
        table.reserveWindow(Long.decode(start), Long.decode(limit));
        assertThat(all(table)).isEqualTo(but(from, to));
    }

    @ParameterizedTest
    @CsvSource({"0x0, 0x1, true", "0x0, 0x100000, true", "0xff000, 0x100000, true",
        "0x0, 0x100001, false", "0x100000, 0x100001, false", "0xfff00, 0x100001, false"})
    void aRangeIsCoveredToItsLastByteOrNot(String start, String end, boolean covered) {
        assertThat(table(BASE).covers(new AddressRange(Long.decode(start), Long.decode(end))))
                .isEqualTo(covered);
    }

    /** The next kernel learns from memory alone what the last one has given out. */
    @ParameterizedTest
    @ValueSource(longs = {BASE, BASE + 1, BASE + 4, BASE + 7})
    void entriesThatAreNotZeroAreGivenOut(long base) {
        table(base).build(7, 3, 0x9000, Access.READ);
        table(base).build(200, 1, 0, Access.WRITE);
        TceTable next = table(base);
        next.keepNonZero();
        BitSet free = but(7, 10);
        free.clear(200);
        assertThat(all(next)).isEqualTo(free);
    }

    /** A table that begins behind memory, or reaches beyond it, is read as far as there is any. */
    @Test
    void entriesWithoutMemoryAreFree() {
        long end = 0x10_0000;
        memory.write64(end - 8, 1);
        TceTable last = table(end - 16);
        last.keepNonZero();
        assertThat(all(last)).isEqualTo(but(1, 2));
        TceTable none = table(end);
        none.keepNonZero();
        assertThat(all(none)).isEqualTo(but(0, 0));
    }

    @ParameterizedTest
    @ValueSource(longs = {BASE, BASE + 3})
    void allEntriesMayLeadToOnePageAndStayFree(long base) {
        TceTable table = table(base);
        table.lead(0x7000);
        for (int i = 0; i < ENTRIES; i++) {
            assertThat(entry(base, i)).isEqualTo(0x7003);
        }
        assertThat(all(table)).isEqualTo(but(0, 0));
    }
}
