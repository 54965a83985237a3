// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import iommu.api.memory.AddressRange;
import iommu.api.sim.RandomStream;
import iommu.api.unit.IovaOrder;
import iommu.api.unit.KernelPanicException;
import iommu.testkit.seeds.Seeds;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Addresses are given out from the top of 4 GiB, the highest free one first. */
class IovaAllocatorTest {

    private static final long FOUR_GIB = 1L << 32;
    private static final AddressRange MESSAGES = new AddressRange(0xfee0_0000L, 0xfef0_0000L);

    private final IovaAllocator addresses = new IovaAllocator(MESSAGES, IovaOrder.LOW);

    /** Pages that are free, of those at the top that a test gets to see. */
    private static TreeSet<Long> free(long from) {
        var free = new TreeSet<Long>();
        for (long page = from; page < FOUR_GIB; page += 4096) {
            if (!MESSAGES.contains(page)) {
                free.add(page);
            }
        }
        return free;
    }

    private static void take(TreeSet<Long> free, long start, long bytes) {
        for (long page = start & -4096; page < start + bytes; page += 4096) {
            free.remove(page);
        }
    }

    @Seeds
    void theHighestFreePageIsNext(long seed) {
        var random = new RandomStream(seed, "addresses");
        TreeSet<Long> free = free(FOUR_GIB - (64L << 20));
        List<Long> given = new ArrayList<>();
        for (int i = 0; i < 5000; i++) {
            switch (random.nextInt(6)) {
                case 0 -> {
                    long start = FOUR_GIB - random.between(1, 24L << 20);
                    long bytes = random.between(1, random.oneIn(2) ? 1 : 70_000);
                    addresses.reserve(start, bytes);
                    take(free, start, bytes);
                    given.removeIf(page -> page + 4096 > start && page < start + bytes);
                }
                case 1, 2 -> {
                    if (!given.isEmpty()) {
                        long page = given.remove(random.nextInt(given.size()));
                        addresses.free(page + (random.oneIn(2) ? 0 : random.nextInt(4096)));
                        free.add(page);
                    }
                }
                default -> {
                    long page = addresses.allocate(false);
                    assertThat(page).isEqualTo(free.pollLast());
                    given.add(page);
                }
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"0xfffff000, 1, 0xffffe000", "0xffffffff, 1, 0xffffe000",
        "0xffffefff, 2, 0xffffd000", "0xffffe000, 0x1000, 0xfffff000",
        "0xfffff000, 0x1001, 0xffffe000", "0x100000000, 0x1000, 0xfffff000",
        "0xffff0000, 0x100000000, 0xfffef000", "0x8000000000000000, 0x1000, 0xfffff000",
        "0, 0x1000, 0xfffff000", "0xfffff000, 0, 0xfffff000"})
    void everyPageThatIsTouchedIsTaken(String start, String bytes, String next) {
        addresses.reserve(Long.parseUnsignedLong(start.replace("0x", ""), 16),
                Long.parseLong(bytes.replace("0x", ""), 16));
        assertThat(addresses.allocate(false)).isEqualTo(Long.decode(next));
    }

    @Test
    void messagesAreStrungOver() {
        addresses.reserve(MESSAGES.end(), FOUR_GIB - MESSAGES.end());
        assertThat(addresses.allocate(false)).isEqualTo(MESSAGES.start() - 4096);
    }

    @Test
    void pageZeroIsNeverGiven() {
        addresses.reserve(0x2000, FOUR_GIB);
        assertThat(addresses.allocate(false)).isEqualTo(0x1000);
        assertThatExceptionOfType(KernelPanicException.class)
                .isThrownBy(() -> addresses.allocate(false))
                .withMessage("out of I/O virtual addresses");
        addresses.free(0x1000);
        assertThat(addresses.allocate(false)).isEqualTo(0x1000);
    }

    private static IovaAllocator order(IovaOrder.Kind kind, int bits) {
        return new IovaAllocator(MESSAGES, new IovaOrder(kind, bits, IovaOrder.Spared.NONE));
    }

    /** Where 4 GiB are used up, the top of the domain is next, for whom it is not too high. */
    @ParameterizedTest
    @CsvSource({"39, 0x7ffffff000", "48, 0xfffffffff000", "33, 0x1fffff000",
        "64, 0xfffffffffffff000"})
    void wideFunctionsGoOnAbove(int bits, String highest) {
        IovaAllocator domain = order(IovaOrder.Kind.LOW_FIRST, bits);
        long top = Long.parseUnsignedLong(highest.substring(2), 16);
        assertThat(domain.allocate(true)).isEqualTo(0xffff_f000L);
        domain.reserve(0, FOUR_GIB);
        assertThat(domain.allocate(true)).isEqualTo(top);
        assertThat(domain.allocate(512, 512, true)).isEqualTo((top & -0x20_0000) - 0x20_0000);
        assertThatExceptionOfType(KernelPanicException.class)
                .isThrownBy(() -> domain.allocate(false));
        domain.free(top);
        assertThat(domain.allocate(true)).isEqualTo(top);
    }

    @Test
    void forcedTheyBeginAbove() {
        IovaAllocator domain = order(IovaOrder.Kind.WHOLE_RANGE, 48);
        assertThat(domain.allocate(true)).isEqualTo(0xffff_ffff_f000L);
        assertThat(domain.allocate(false)).isEqualTo(0xffff_f000L);
        assertThat(domain.allocate(true)).isEqualTo(0xffff_ffff_e000L);
        domain.reserve(FOUR_GIB, 0xffff_0000_0000L);
        assertThat(domain.allocate(true)).as("below after all").isEqualTo(0xffff_e000L);
    }

    @Test
    void oldOnesGoUpFromPageOne() {
        IovaAllocator domain = order(IovaOrder.Kind.UPWARDS, 48);
        assertThat(domain.allocate(true)).isEqualTo(0x1000);
        assertThat(domain.allocate(true)).isEqualTo(0x2000);
        domain.reserve(0x4000, 0x1000);
        assertThat(domain.allocate(2, 1, true)).isEqualTo(0x5000);
        assertThat(domain.allocate(true)).isEqualTo(0x3000);
        assertThat(domain.allocate(512, 512, true)).isEqualTo(0x20_0000);
        domain.free(0x1000);
        assertThat(domain.allocate(true)).isEqualTo(0x1000);
        domain.reserve(0, FOUR_GIB);
        assertThatExceptionOfType(KernelPanicException.class)
                .isThrownBy(() -> domain.allocate(true));
    }

    /**
     * As recorded of an NVMe disk, whose driver asks for a page, 64 KiB and 16 KiB: a search goes
     * on below what it found last, so what a multiple of a size leaves free above stays free, until
     * there is nothing below any more.
     */
    @ParameterizedTest
    @CsvSource({"true", "false"})
    void aSearchGoesOnBelow(boolean caches) {
        var domain = new IovaAllocator(MESSAGES, IovaOrder.LOW, caches);
        assertThat(domain.allocate(1, 1, false)).isEqualTo(0xffff_f000L);
        assertThat(domain.allocate(4, 4, false)).isEqualTo(0xffff_8000L);
        assertThat(domain.allocate(16, 16, false)).isEqualTo(0xfffe_0000L);
        assertThat(domain.allocate(4, 4, false)).isEqualTo(0xfffd_c000L);
        domain.reserve(0, 0xfffd_c000L);
        assertThat(domain.allocate(1, 1, false)).as("above after all").isEqualTo(0xffff_e000L);
    }

    /** From 4.7 on what was given back is kept for the next of its size, the last first. */
    @Test
    void cachesGiveOutWhatWasGivenBackLast() {
        var domain = new IovaAllocator(MESSAGES, IovaOrder.LOW, true);
        long first = domain.allocate(1, 1, false);
        long second = domain.allocate(1, 1, false);
        long four = domain.allocate(3, 4, false);
        assertThat(four).as("rounded up").isEqualTo(0xffff_8000L);
        domain.free(first);
        domain.free(second + 17);
        domain.free(four, 3);
        assertThat(domain.allocate(1, 1, false)).isEqualTo(second);
        assertThat(domain.allocate(1, 1, false)).isEqualTo(first);
        assertThat(domain.allocate(1, 1, false)).as("a search").isEqualTo(0xffff_7000L);
        assertThat(domain.allocate(4, 4, false)).isEqualTo(four);
        long many = domain.allocate(64, 64, false);
        domain.free(many, 64);
        assertThat(domain.allocate(64, 64, false)).as("too many for a cache").isEqualTo(many);
    }

    @Test
    void cachesKeepHighAddressesForThoseWhoReachThem() {
        var domain = new IovaAllocator(MESSAGES,
                new IovaOrder(IovaOrder.Kind.WHOLE_RANGE, 48, IovaOrder.Spared.NONE), true);
        long high = domain.allocate(true);
        domain.free(high);
        assertThat(domain.allocate(false)).isEqualTo(0xffff_f000L);
        assertThat(domain.allocate(true)).isEqualTo(high);
    }

    /** What is spared is never given out, and what is given out is as if it had been reserved. */
    @Seeds(count = 30)
    void whatIsSparedIsAsGoodAsReserved(long seed) {
        var random = new RandomStream(seed, "spared");
        var order = new IovaOrder(IovaOrder.Kind.LOW_FIRST, 39, IovaOrder.Spared.NONE);
        var spares = new IovaAllocator(MESSAGES, order);
        var reserves = new IovaAllocator(MESSAGES, order);
        var ranges = new ArrayList<AddressRange>();
        for (int i = 0; i < 6; i++) {
            ranges.add(AddressRange.of(FOUR_GIB - (1L + random.nextInt(400) << 12),
                    1L + random.nextInt(20) << 12));
        }
        ranges.add(AddressRange.of((1L << 39) - (16L << 12), 8L << 12));
        ranges.removeIf(r -> r.start() < FOUR_GIB && r.end() > FOUR_GIB);
        ranges.forEach(spares::spare);
        ranges.forEach(r -> reserves.reserve(r.start(), r.bytes()));
        var given = new ArrayList<Long>();
        for (int step = 0; step < 300; step++) {
            if (!given.isEmpty() && random.oneIn(4)) {
                long freed = given.remove(random.nextInt(given.size()));
                spares.free(freed);
                reserves.free(freed);
                continue;
            }
            int pages = random.oneIn(5) ? 1 + random.nextInt(8) : 1;
            int aligned = pages == 1 ? 1 : Integer.highestOneBit(pages - 1) << 1;
            long iova = spares.allocate(pages, aligned, true);
            assertThat(iova).isEqualTo(reserves.allocate(pages, aligned, true));
            var found = AddressRange.of(iova, (long) pages << 12);
            assertThat(ranges).noneMatch(found::overlaps);
            for (int i = 0; i < pages; i++) {
                given.add(iova + ((long) i << 12));
            }
        }
    }
}
