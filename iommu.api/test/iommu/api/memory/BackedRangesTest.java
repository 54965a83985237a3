// SPDX-License-Identifier: Apache-2.0
package iommu.api.memory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import iommu.api.sim.RandomStream;
import iommu.testkit.seeds.Seeds;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Which addresses are memory, and how their granules are numbered. */
class BackedRangesTest {

    private static final int GRANULE = 1 << BackedRanges.GRANULE_SHIFT;

    private final BackedRanges ranges = new BackedRanges(List.of(
            new AddressRange(0x10_8000, 0x13_0800), new AddressRange(0, 0x9_fc00)));

    @Test
    void granulesAreNumberedByAddressWhateverTheOrderOfTheRanges() {
        List<String> told = new ArrayList<>();
        ranges.granules((number, address) -> told.add(number + " " + Long.toHexString(address)));
        assertThat(told).startsWith("0 0", "1 10000").contains("9 90000", "10 100000", "11 110000")
                .hasSize(ranges.granules()).last().isEqualTo("13 130000");
    }

    @ParameterizedTest
    @CsvSource({"0, 1, true", "0x9fbff, 1, true", "0x9fbff, 2, false", "0x9fc00, 1, false",
        "0x107fff, 1, false", "0x108000, 0x28800, true", "0x108000, 0x28801, false",
        "-1, 1, false", "0x7fffffffffffffff, 1, false"})
    void aPieceLiesInOneRangeOrInNone(String address, String bytes, boolean within) {
        assertThat(ranges.contains(Long.decode(address), Long.decode(bytes))).isEqualTo(within);
    }

    @ParameterizedTest
    @CsvSource({"0, 0", "0xffff, 0", "0x10000, 1", "0x9fbff, 9", "0x108000, 10", "0x110000, 11",
        "0x1307ff, 13"})
    void anAddressKnowsItsGranule(String address, int granule) {
        assertThat(ranges.granuleOf(Long.decode(address), 1)).isEqualTo(granule);
    }

    @ParameterizedTest
    @CsvSource({"0x9fc00, 1", "0x9fbf9, 8", "0x130800, 8", "-8, 8"})
    void whatIsNoMemoryIsTheCallersMistake(String address, int bytes) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> ranges.granuleOf(Long.decode(address), bytes))
                .withMessageStartingWith("no memory at 0x").withMessageContaining(bytes + " bytes");
    }

    @ParameterizedTest
    @CsvSource({"0, 0", "0x9e000, 9", "0x9f000, -1", "0x108000, 10", "0x107000, -1",
        "0x12f000, 12", "0x130000, -1", "-4096, -1"})
    void aPageCountsOnlyAsAWhole(String page, int granule) {
        assertThat(ranges.granuleOfPage(Long.decode(page))).isEqualTo(granule);
    }

    @Test
    void memoryMayReachTheTopOfTheAddressSpace() {
        var top = new BackedRanges(List.of(new AddressRange(-GRANULE, 0)));
        assertThat(top.granules()).isEqualTo(1);
        assertThat(top.contains(-8, 8)).isTrue();
        assertThat(top.contains(-8, 9)).isFalse();
        assertThat(top.granuleOf(-8, 8)).isZero();
        assertThat(top.granuleOfPage(-4096)).isZero();
    }

    @Test
    void noMemoryAtAllIsAllowed() {
        var none = new BackedRanges(List.of());
        assertThat(none.granules()).isZero();
        assertThat(none.contains(0, 0)).isFalse();
        assertThat(none.granuleOfPage(0)).isEqualTo(-1);
    }

    @Test
    void whatIsTooMuchIsRefused() {
        assertThat(new BackedRanges(List.of(AddressRange.of(0, PhysicalMemory.MAX_BYTES)))
                .granules()).isEqualTo(1 << 24);
        assertThatIllegalArgumentException().isThrownBy(() -> new BackedRanges(List.of(
                AddressRange.of(0, PhysicalMemory.MAX_BYTES), AddressRange.of(1L << 50, 1))))
                .withMessage("more than 1 TiB of memory");
        assertThatIllegalArgumentException().isThrownBy(() -> new BackedRanges(List.of(
                AddressRange.of(0, 0x2000), AddressRange.of(0x1fff, 1))))
                .withMessageContaining("overlaps");
    }

    @Test
    void partsOfOtherRangesAreCutToMemory() {
        assertThat(ranges.partsOf(List.of(new AddressRange(0x9_0000, 0x11_0000),
                new AddressRange(0xa_0000, 0xb_0000), new AddressRange(0x10, 0x20))))
                .containsExactly(new AddressRange(0x9_0000, 0x9_fc00),
                        new AddressRange(0x10_8000, 0x11_0000), new AddressRange(0x10, 0x20));
    }

    @Seeds(count = 10)
    void everyPageOfRandomRangesIsFoundAndNoOther(long seed) {
        var random = new RandomStream(seed, "ranges");
        List<AddressRange> some = new ArrayList<>();
        for (long at = random.nextInt(GRANULE); at < 64L * GRANULE;) {
            AddressRange range = AddressRange.of(at, 64L * (1 + random.nextInt(4096)));
            some.add(range);
            at = range.end() + 64L * random.nextInt(2048);
        }
        var backed = new BackedRanges(some);
        var numbers = new TreeSet<Integer>();
        for (long page = 0; page < 70L * GRANULE; page += 4096) {
            long at = page;
            boolean whole = some.stream().anyMatch(r -> r.contains(at, 4096));
            int granule = backed.granuleOfPage(page);
            assertThat(granule >= 0).as(Long.toHexString(page)).isEqualTo(whole);
            assertThat(backed.contains(page, 4096)).isEqualTo(whole);
            if (whole) {
                assertThat(granule).isEqualTo(backed.granuleOf(page, 4096));
                numbers.add(granule);
            }
        }
        assertThat(numbers).allMatch(n -> n < backed.granules());
    }
}
