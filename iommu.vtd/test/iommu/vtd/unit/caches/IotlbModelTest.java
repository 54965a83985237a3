// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.unit.caches;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.sim.RandomStream;
import iommu.api.unit.Translation;
import iommu.testkit.seeds.Seeds;
import iommu.vtd.unit.requests.PageRights;
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
 * The IOTLB beside a map that forgets nothing: what is found was kept and not dropped since, and an
 * invalidation drops what it names and nothing else.
 */
class IotlbModelTest {

    private static final int[] SHIFTS = {12, 21, 30};
    private static final int RIGHTS = 3;

    /** A leaf that was kept. {@code address} is the first of its page. */
    private record Leaf(int domain, int pasid, long address, int shift) {

        /** Whether the page and 2^mask pages of 4 KiB around an address have one in common. */
        boolean overlaps(long other, int mask) {
            int wide = Math.max(shift, 12 + mask);
            return address >>> wide == other >>> wide;
        }
    }

    private final Iotlb iotlb = new Iotlb(64, false, new FastPathCache(64, false));
    private final Map<Leaf, Long> kept = new HashMap<>();
    private RandomStream random;
    /** Whether leaves are pages of 4 KiB of the second stage, none else. */
    private boolean onlySmall;

    private static boolean isNested(long pageAndRights) {
        return (pageAndRights & PageRights.NESTED) != 0;
    }

    /** Pages of one size have a part of the address space of their own. */
    private static long address(int shift, long number) {
        return (long) (shift - 11) << 40 | number << shift;
    }

    private int drawnPasid() {
        return onlySmall ? PagingMode.SECOND_STAGE : random.nextInt(3) - 1;
    }

    private Leaf drawnLeaf() {
        int shift = onlySmall ? SHIFTS[0] : SHIFTS[random.nextInt(SHIFTS.length)];
        return new Leaf(1 + random.nextInt(3), drawnPasid(), address(shift, random.nextInt(6)),
                shift);
    }

    private boolean isHeld(Leaf leaf) {
        int slot = iotlb.find(leaf.domain, leaf.pasid, leaf.address | 0xabc);
        if (slot < 0) {
            return false;
        }
        assertThat(iotlb.page(slot) | iotlb.rights(slot)).as("%s", leaf)
                .isEqualTo(kept.get(leaf));
        assertThat(iotlb.pageShift(slot)).isEqualTo(leaf.shift);
        return true;
    }

    private Set<Leaf> held() {
        var all = new HashSet<Leaf>();
        kept.keySet().stream().filter(this::isHeld).forEach(all::add);
        return all;
    }

    private void insert() {
        Leaf leaf = drawnLeaf();
        long page = (long) (1 + random.nextInt(1000)) << leaf.shift;
        boolean nested = leaf.pasid != PagingMode.SECOND_STAGE && random.oneIn(3);
        int rights = 1 + random.nextInt(RIGHTS) | (nested ? PageRights.NESTED : 0);
        Set<Leaf> before = held();
        kept.put(leaf, page | rights);
        iotlb.insert(leaf.domain, leaf.domain, leaf.pasid, leaf.address, page, leaf.shift, rights);
        Set<Leaf> after = held();
        assertThat(after).contains(leaf);
        before.add(leaf);
        assertThat(before.size() - after.size()).as("at most one lost its place").isBetween(0, 1);
    }

    /** Runs an invalidation; the leaves that it names are gone then, and no others. */
    private void drop(Runnable invalidation, Predicate<Leaf> named) {
        Set<Leaf> expected = held();
        expected.removeIf(named);
        invalidation.run();
        assertThat(held()).isEqualTo(expected);
        kept.keySet().retainAll(expected);
    }

    private void dropPages() {
        int domain = 1 + random.nextInt(4);
        int pasid = drawnPasid();
        long address = drawnLeaf().address + ((long) random.nextInt(3) << 12);
        int mask = random.nextInt(22);
        drop(() -> iotlb.invalidatePages(domain, pasid, address, mask), leaf ->
                leaf.domain == domain && (leaf.pasid == pasid && leaf.overlaps(address, mask)
                        || pasid == PagingMode.SECOND_STAGE && isNested(kept.get(leaf))));
    }

    @Seeds(count = 20)
    void anInvalidationDropsWhatItNamesAndNothingElse(long seed) {
        random = new RandomStream(seed, "vtd iotlb");
        onlySmall = seed % 2 == 0;
        for (int i = 0; i < 400; i++) {
            int domain = 1 + random.nextInt(4);
            int pasid = drawnPasid();
            switch (random.nextInt(16)) {
                case 0 -> drop(() -> iotlb.invalidateDomain(domain), l -> l.domain == domain);
                case 1 -> drop(() -> iotlb.invalidatePasid(domain, pasid), l ->
                        l.domain == domain && l.pasid == pasid);
                case 2, 3, 4 -> dropPages();
                case 5 -> {
                    if (random.oneIn(4)) {
                        drop(iotlb::invalidateAll, l -> true);
                    }
                }
                default -> insert();
            }
        }
        assertThat(kept).isNotEmpty();
    }

    @Seeds
    void aCopyGoesItsOwnWay(long seed) {
        random = new RandomStream(seed, "vtd iotlb copy");
        for (int i = 0; i < 40; i++) {
            insert();
        }
        Set<Leaf> before = held();
        Iotlb copy = iotlb.copy(new FastPathCache(64, false));
        copy.invalidateAll();
        assertThat(held()).isEqualTo(before);
        Iotlb other = iotlb.copy(new FastPathCache(64, false));
        iotlb.invalidateAll();
        for (Leaf leaf : before) {
            assertThat(other.find(leaf.domain, leaf.pasid, leaf.address)).isNotNegative();
            assertThat(copy.find(leaf.domain, leaf.pasid, leaf.address)).isNegative();
        }
        assertThat(held()).isEmpty();
    }

    /** Pages of 4 KiB from 0x40000000 on: which of 0x40000000 to 0x40007000 a mask drops. */
    @ParameterizedTest(name = "address {0}, mask {1}")
    @CsvSource({"0x40000000, 0, 1234567", "0x40003000, 0, 0124567", "0x40002000, 1, 014567",
        "0x40003000, 1, 014567", "0x40006000, 1, 012345", "0x40004000, 2, 0123",
        "0x40007000, 2, 0123", "0x40001000, 3, ''", "0x40008000, 3, 01234567",
        "0x3ffff000, 0, 01234567", "0x0, 18, 01234567", "0x40000000, 18, ''",
        "0x0, 19, ''", "0x0, 52, ''"})
    void aMaskNamesAnAlignedPowerOfTwoOfPages(String address, int mask, String left) {
        for (int i = 0; i < 8; i++) {
            iotlb.insert(7, 7, PagingMode.SECOND_STAGE, 0x4000_0000L + i * 0x1000L, 0x9000, 12, 3);
        }
        iotlb.invalidatePages(7, PagingMode.SECOND_STAGE, Long.decode(address), mask);
        var found = new StringBuilder();
        for (int i = 0; i < 8; i++) {
            if (iotlb.find(7, PagingMode.SECOND_STAGE, 0x4000_0000L + i * 0x1000L) >= 0) {
                found.append(i);
            }
        }
        assertThat(found).hasToString(left);
    }

    /** In QEMU 7.2 the numbers of the pages are compared modulo 512. */
    @ParameterizedTest(name = "{0}")
    @CsvSource({"0x40001000, 0, true", "0x40201000, 0, true", "0x40002000, 0, false",
        "0x40200000, 1, true", "0x40203000, 1, false", "0x401ff000, 9, true"})
    void qemuDropsAlikePagesToo(String address, int mask, boolean dropped) {
        var qemu = new Iotlb(64, true, new FastPathCache(64, false));
        qemu.insert(0x108, 7, 0, 0x4000_1000L, 0x9000, 12, 3);
        qemu.invalidatePages(7, PagingMode.SECOND_STAGE, Long.decode(address), mask);
        assertThat(qemu.find(0x108, 0, 0x4000_1000L) < 0)
                .isEqualTo(dropped);
    }

    /** Of eight pages, all of them in the front: what a mask drops there, and what it leaves. */
    @ParameterizedTest(name = "address {0}, mask {1}, beside a page of a PASID {2}")
    @CsvSource({"0x40000000, 0, false, 1234567", "0x40003000, 1, false, 014567",
        "0x40000000, 3, false, ''", "0x50000000, 0, false, 01234567",
        "0x40000000, 0, true, ''", "0x40000000, 9, false, ''"})
    void nothingOfWhatIsDroppedStaysInTheFront(String address, int mask, boolean beside,
            String left) {
        var front = new FastPathCache(64, true);
        var fronted = new Iotlb(64, false, front);
        for (int i = 0; i < 8; i++) {
            long page = 0x4000_0000L + i * 0x1000L;
            int slot = fronted.insert(7, 7, PagingMode.SECOND_STAGE, page, 0x9000, 12, 3);
            front.put(0x108, page, Translation.to(0x9000, 12), 3, slot);
            fronted.fronted(slot);
        }
        if (beside) { // then every slot is looked at, and the front starts anew
            fronted.insert(9, 9, 4, 0x7000, 0x9000, 12, 3);
        }
        fronted.invalidatePages(7, PagingMode.SECOND_STAGE, Long.decode(address), mask);
        var found = new StringBuilder();
        for (int i = 0; i < 8; i++) {
            if (front.find(0x108, 0x4000_0000L + i * 0x1000L, 1) != FastPathCache.MISS) {
                found.append(i);
            }
        }
        assertThat(found).hasToString(left);
    }

    @Test
    void whatIsReplacedHoldsTheNewLeafAlone() {
        int first = iotlb.insert(7, 7, 4, 0x5000, 0x9000, 12, 1);
        assertThat(iotlb.insert(7, 7, 4, 0x5000, 0xa000, 12, 3)).isEqualTo(first);
        assertThat(iotlb.page(first)).isEqualTo(0xa000);
        assertThat(iotlb.rights(first)).isEqualTo(3);
        assertThat(iotlb.find(7, 5, 0x5000)).as("another PASID").isNegative();
        assertThat(iotlb.find(7, PagingMode.SECOND_STAGE, 0x5000)).as("no PASID").isNegative();
        assertThat(iotlb.find(8, 4, 0x5000)).as("another domain").isNegative();
    }
}
