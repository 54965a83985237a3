// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.unit.caches;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.vtd.unit.requests.ContextTag;
import iommu.vtd.unit.requests.WalkResult;
import java.util.function.Consumer;
import java.util.function.IntPredicate;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The caches by source: contexts and PASIDs, and what each granularity drops of them. */
class SourceCachesTest {

    private static final int BUS = 0x100;
    private static final int FUNCTIONS = 16;

    /** Returns the functions, as hexadecimal digits, for which something is found. */
    private static String left(IntPredicate found) {
        var digits = new StringBuilder();
        for (int f = 0; f < FUNCTIONS; f++) {
            if (found.test(BUS + f)) {
                digits.append(Integer.toHexString(f));
            }
        }
        return digits.toString();
    }

    /** Function f of 16 has the domain 1 + f % 3; those from c on are of scalable mode. */
    private static ContextCache contexts(boolean byDomain) {
        var cache = new ContextCache(1024, byDomain);
        for (int f = 0; f < FUNCTIONS; f++) {
            long tag = ContextTag.of(BUS + f, 1 + f % 3, 0, 4, 48);
            cache.insert(f < 12 ? tag : tag | ContextTag.SCALABLE.mask(), 0x1000L * f, 0);
        }
        assertThat(left(s -> cache.find(s) >= 0)).isEqualTo("0123456789abcdef");
        return cache;
    }

    /** Scalable-mode entries go with every domain: they have none of their own. */
    @ParameterizedTest(name = "domain {0}")
    @CsvSource({"0, 0123456789ab", "1, 124578ab", "2, 0235689b", "3, 0134679a",
        "4, 0123456789ab"})
    void aDomainTakesItsContextsAndThoseWithoutDomain(int domain, String left) {
        ContextCache cache = contexts(false);
        cache.invalidateDomain(domain);
        assertThat(left(s -> cache.find(s) >= 0)).isEqualTo(left);
    }

    @ParameterizedTest(name = "function {0}, mask {1}")
    @CsvSource({"0, 0, 123456789abcdef", "5, 0, 012346789abcdef", "5, 1, 02346789abcdef",
        "1, 1, 02346789abcdef", "5, 2, 024689abcdef", "7, 2, 024689abcdef",
        "6, 2, 135789abcdef", "2, 3, 89abcdef", "b, 3, 01234567", "f, 0, 0123456789abcde"})
    void aFunctionMaskLeavesBitsOfTheFunctionOut(String function, int mask, String left) {
        ContextCache cache = contexts(false);
        cache.invalidateDevice(9, BUS + Integer.parseInt(function, 16), mask);
        assertThat(left(s -> cache.find(s) >= 0)).isEqualTo(left);
    }

    /** A unit that compares the domain too takes the scalable-mode entry with any. */
    @ParameterizedTest(name = "domain {0}, function {1}, mask {2}")
    @CsvSource({"1, 0, 0, 123456789abcdef", "2, 0, 0, 0123456789abcdef",
        "1, 0, 3, 1245789abcdef", "2, 0, 3, 0235689abcdef", "9, c, 0, 0123456789abdef",
        "9, 8, 3, 0123456789ab"})
    void aUnitMayCompareTheDomainToo(int domain, String function, int mask, String left) {
        ContextCache cache = contexts(true);
        cache.invalidateDevice(domain, BUS + Integer.parseInt(function, 16), mask);
        assertThat(left(s -> cache.find(s) >= 0)).isEqualTo(left);
    }

    @Test
    void aContextIsTakenAsItWasKept() {
        ContextCache cache = contexts(false);
        int slot = cache.find(BUS + 5);
        var found = new WalkResult();
        cache.take(slot, found);
        assertThat(found.table).isEqualTo(0x5000).isEqualTo(cache.table(slot));
        assertThat(ContextTag.SOURCE.of(found.context)).isEqualTo(BUS + 5);
        assertThat(cache.domain(slot)).isEqualTo(3);
        assertThat(found.faultsDisabled).isFalse();
        assertThat(cache.translatesSimply(slot, (1L << 48) - 1)).isTrue();
        assertThat(cache.translatesSimply(slot, 1L << 48)).as("beyond its width").isFalse();
        assertThat(cache.translatesSimply(slot, -1)).isFalse();
        assertThat(cache.translatesSimply(cache.find(BUS + 12), 0)).as("scalable").isFalse();
    }

    @Test
    void aCopyOfTheContextsGoesItsOwnWay() {
        ContextCache cache = contexts(false);
        ContextCache copy = cache.copy();
        cache.invalidateAll();
        assertThat(left(s -> cache.find(s) >= 0)).isEmpty();
        assertThat(left(s -> copy.find(s) >= 0)).isEqualTo("0123456789abcdef");
    }

    /** The fifth of four ways takes the place of the first, the sixth that of the second. */
    @Test
    void inAFullSetContextsAreReplacedInTurn() {
        var cache = new ContextCache(4, false);
        for (int f = 0; f < 6; f++) {
            assertThat(cache.insert(ContextTag.of(BUS + f, 1, 0, 4, 48), 0x1000L * f, 0))
                    .as("function %d replaces one", f).isEqualTo(f >= 4);
        }
        assertThat(left(s -> cache.find(s) >= 0)).isEqualTo("2345");
        cache.invalidateDevice(1, BUS + 3, 0);
        assertThat(cache.insert(ContextTag.of(BUS + 9, 1, 0, 4, 48), 0, 0))
                .as("a free way comes first").isFalse();
        assertThat(left(s -> cache.find(s) >= 0)).isEqualTo("2459");
    }

    /** Function f of 16 has the PASID f / 4, of domain 1 + f % 2. */
    private static PasidCache pasids(Consumer<PasidCache> invalidation) {
        var cache = new PasidCache(1024);
        for (int f = 0; f < FUNCTIONS; f++) {
            cache.insert(ContextTag.of(BUS + f, 1 + f % 2, f / 4, 4, 48), 0x1000L * f, f);
        }
        invalidation.accept(cache);
        return cache;
    }

    private static String leftOf(PasidCache cache) {
        return left(s -> cache.find(s, (s - BUS) / 4) >= 0);
    }

    @ParameterizedTest(name = "domain {0}, PASID {1}")
    @CsvSource({"1, 0, 13456789abcdef", "2, 0, 02456789abcdef", "1, 3, 0123456789abdf",
        "3, 0, 0123456789abcdef", "1, 4, 0123456789abcdef"})
    void aPasidGoesInItsDomainAlone(int domain, int pasid, String left) {
        assertThat(leftOf(pasids(c -> c.invalidatePasid(domain, pasid)))).isEqualTo(left);
    }

    @ParameterizedTest(name = "domain {0}")
    @CsvSource({"1, 13579bdf", "2, 02468ace", "3, 0123456789abcdef"})
    void aDomainTakesItsPasids(int domain, String left) {
        assertThat(leftOf(pasids(c -> c.invalidateDomain(domain)))).isEqualTo(left);
    }

    @ParameterizedTest(name = "function {0}, ignoring {1}")
    @CsvSource({"3, 0, 012456789abcdef", "3, 4, 01245689abcdef", "0, 7, 89abcdef"})
    void aDeviceTakesItsPasids(int function, int ignored, String left) {
        assertThat(leftOf(pasids(c -> c.invalidateDevice(BUS + function, ignored))))
                .isEqualTo(left);
    }

    @Test
    void aPasidIsFoundForItsSourceAlone() {
        PasidCache cache = pasids(c -> { });
        assertThat(cache.find(BUS + 5, 1)).isNotNegative();
        assertThat(cache.find(BUS + 5, 0)).isNegative();
        assertThat(cache.find(BUS + 0x105, 1)).isNegative();
        var found = new WalkResult();
        cache.take(cache.find(BUS + 5, 1), found);
        assertThat(found.table).isEqualTo(0x5000);
        assertThat(found.paging).isEqualTo(5);
        PasidCache copy = cache.copy();
        cache.invalidateAll();
        assertThat(leftOf(cache)).isEmpty();
        assertThat(leftOf(copy)).isEqualTo("0123456789abcdef");
    }
}
