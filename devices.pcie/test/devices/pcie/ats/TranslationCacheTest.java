// SPDX-License-Identifier: Apache-2.0
package devices.pcie.ats;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import iommu.api.pcie.Access;
import iommu.api.pcie.TranslationCompletion;
import iommu.api.sim.RandomStream;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What a translation cache holds after which completions and invalidations. */
class TranslationCacheTest {

    private static final int RW = Access.READ | Access.WRITE;

    private final TranslationCache cache = new TranslationCache(4);

    private int fill(long address, long physicalAddress, int shift, long flags) {
        return cache.fill(address, TranslationCompletion.of(physicalAddress, shift, flags));
    }

    private long lookUp(long address) {
        int slot = cache.find(address);
        return slot == TranslationCache.NONE ? -1 : cache.translate(slot, address);
    }

    @ParameterizedTest(name = "2^{0} bytes: 0x{1} leads to 0x{2}")
    @CsvSource({"12, 5000, 805000", "12, 5fff, 805fff", "12, 6000, -1", "12, 4fff, -1",
        "13, 4000, 804000", "13, 5fff, 805fff", "13, 6000, -1", "16, 0, 800000",
        "16, ffff, 80ffff", "16, 10000, -1", "21, 1fffff, 9fffff", "21, 200000, -1",
        "30, 3fffffff, 3fffffff", "30, 40000000, -1"})
    void aRangeHoldsItsSizeAndNoMore(int shift, String address, String leadsTo) {
        fill(0x5000, 0x80_5000, shift, RW);
        assertThat(lookUp(Long.parseLong(address, 16))).isEqualTo(Long.parseLong(leadsTo, 16));
    }

    @ParameterizedTest(name = "{0} permits {1}: {2}")
    @CsvSource({"1, 1, true", "1, 2, false", "2, 2, true", "2, 1, false", "3, 1, true",
        "3, 2, true", "3, 3, true", "1, 3, false"})
    void rightsAreThoseOfTheCompletion(int granted, int access, boolean permits) {
        int slot = fill(0x5000, 0x80_5000, 12, granted);
        assertThat(cache.permits(slot, access)).isEqualTo(permits);
        assertThat(cache.untranslatedOnly(slot)).isFalse();
    }

    @Test
    void theUntranslatedBitIsKept() {
        int slot = fill(0x5000, 0x80_5000, 12, RW | TranslationCompletion.U.mask());
        assertThat(cache.untranslatedOnly(slot)).isTrue();
        assertThat(cache.permits(slot, RW)).isTrue();
    }

    @Test
    void whatGrantsNothingIsNotKeptAndTakesTheOldAway() {
        fill(0x5000, 0x80_5000, 12, RW);
        assertThat(cache.fill(0x5000, TranslationCompletion.nothing()))
                .isEqualTo(TranslationCache.NONE);
        assertThat(cache.size()).isZero();
    }

    @Test
    void anAddressIsHeldOnceWhateverTheSizes() {
        fill(0x5000, 0x80_5000, 12, Access.READ);
        fill(0x6000, 0x80_6000, 12, Access.READ);
        fill(0x5000, 0x100_0000, 21, RW);
        assertThat(cache.size()).isEqualTo(1);
        assertThat(lookUp(0x6004)).isEqualTo(0x100_6004);
        fill(0x6000, 0x80_6000, 12, RW);
        assertThat(cache.size()).as("the large one is gone").isEqualTo(1);
        assertThat(lookUp(0x5000)).isEqualTo(-1);
    }

    @Test
    void theOldestMakesRoom() {
        for (int page = 0; page < 6; page++) {
            fill(page * 0x1000L, 0x80_0000 + page * 0x1000L, 12, RW);
        }
        assertThat(cache.size()).isEqualTo(4);
        assertThat(List.of(lookUp(0), lookUp(0x1000))).containsOnly(-1L);
        for (long page = 2; page < 6; page++) {
            assertThat(lookUp(page * 0x1000)).isEqualTo(0x80_0000 + page * 0x1000);
        }
    }

    @ParameterizedTest(name = "0x{0}, 2^{1} bytes: {2}")
    @CsvSource({"4000, 12, true", "5000, 12, false", "4000, 13, false", "6000, 13, true",
        "0, 16, false", "10000, 16, true", "0, 63, false", "0, 64, false",
        "8000000000000000, 63, true"})
    void anInvalidationDropsWhatItTouches(String address, int shift, boolean held) {
        fill(0x5000, 0x80_5000, 12, RW);
        cache.invalidate(Long.parseUnsignedLong(address, 16), shift);
        assertThat(lookUp(0x5000) != -1).isEqualTo(held);
    }

    @ParameterizedTest(name = "0x{0}, 2^{1} bytes: {2}")
    @CsvSource({"1ff000, 12, false", "200000, 12, true", "0, 21, false"})
    void aLargeRangeGoesAsAWhole(String address, int shift, boolean held) {
        fill(0x5000, 0x80_0000, 21, RW);
        cache.invalidate(Long.parseLong(address, 16), shift);
        assertThat(lookUp(0x10_0000) != -1).isEqualTo(held);
    }

    @ParameterizedTest
    @CsvSource({"0", "-1", "65537"})
    void otherNumbersOfEntriesAreRefused(long entries) {
        assertThatThrownBy(() -> new TranslationCache(entries))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(entries + " entries");
    }

    /** A list of completions, newest last, is all that a cache is, but for its size. */
    @Test
    void aLargeCacheAnswersAsAListOfCompletionsDoes() {
        var random = new RandomStream(7, "ats");
        var large = new TranslationCache(256);
        var list = new ArrayList<long[]>();
        for (int step = 0; step < 20_000; step++) {
            long address = (long) random.nextInt(128) << 12;
            int size = 12 + random.nextInt(4);
            if (random.oneIn(3)) {
                large.invalidate(address & -(1L << size), size);
                drop(list, address, size);
            } else if (random.oneIn(2)) {
                long to = (long) random.nextInt(1 << 20) << 16;
                large.fill(address, TranslationCompletion.of(to, size, RW));
                drop(list, address, size);
                list.add(new long[] {address & -(1L << size), size, to});
            }
            long asked = random.nextInt(128 << 12);
            long expected = list.stream().filter(e -> (e[0] ^ asked) >>> e[1] == 0)
                    .mapToLong(e -> e[2] | asked & (1L << e[1]) - 1).findFirst().orElse(-1);
            int slot = large.find(asked);
            assertThat(slot < 0 ? -1 : large.translate(slot, asked)).as("step " + step)
                    .isEqualTo(expected);
        }
    }

    private static void drop(List<long[]> list, long address, int size) {
        list.removeIf(e -> (e[0] ^ address) >>> Math.max(e[1], size) == 0);
    }
}
