// SPDX-License-Identifier: Apache-2.0
package iommu.api.trace;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.sim.RandomStream;
import iommu.testkit.seeds.Seeds;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What became of a request fits into one word, and comes out of it again. */
class DmaOutcomeTest {

    private static final long ADDRESS_BITS = (1L << 52) - 1;

    @Seeds(count = 10)
    void aRequestThatPassedKeepsAllItsParts(long seed) {
        var random = new RandomStream(seed, "passed");
        for (int round = 0; round < 2000; round++) {
            long physical = random.nextLong() & ADDRESS_BITS;
            long bus = random.nextLong() & -4096 | physical & 4095;
            int bytes = 1 + random.nextInt(4096);
            boolean answered = random.oneIn(2);
            boolean untranslated = random.oneIn(2);
            boolean byDevice = random.oneIn(2);
            long outcome = DmaOutcome.passed(physical, bytes, answered, untranslated, byDevice);
            assertThat(DmaOutcome.isBlocked(outcome)).isFalse();
            assertThat(DmaOutcome.isAnswered(outcome)).isEqualTo(answered);
            assertThat(DmaOutcome.isUntranslated(outcome)).isEqualTo(untranslated);
            assertThat(DmaOutcome.isByDevice(outcome)).isEqualTo(byDevice);
            assertThat(DmaOutcome.bytes(outcome)).isEqualTo(bytes);
            assertThat(DmaOutcome.physicalAddress(bus, outcome)).isEqualTo(physical);
        }
    }

    @Seeds(count = 5)
    void aRequestThatWasBlockedKeepsItsLengthAndReachesNothing(long seed) {
        var random = new RandomStream(seed, "blocked");
        for (int round = 0; round < 500; round++) {
            int bytes = 1 + random.nextInt(4096);
            boolean byDevice = random.oneIn(2);
            long outcome = DmaOutcome.blocked(bytes, byDevice);
            assertThat(DmaOutcome.isBlocked(outcome)).isTrue();
            assertThat(DmaOutcome.isAnswered(outcome)).isFalse();
            assertThat(DmaOutcome.isUntranslated(outcome)).isFalse();
            assertThat(DmaOutcome.isByDevice(outcome)).isEqualTo(byDevice);
            assertThat(DmaOutcome.bytes(outcome)).isEqualTo(bytes);
        }
    }

    /** Reports and traces of other versions are read by these bits. */
    @ParameterizedTest(name = "{0}, {1} bytes, answered {2}, untranslated {3}, by device {4}")
    @CsvSource({"0, 1, true, false, false, 0", "0, 4096, true, false, false, 0xfff",
        "0, 1, false, false, false, 0x2000", "0, 1, true, true, false, 0x4000",
        "0, 1, true, false, true, 0x8000", "0x1000, 1, true, false, false, 0x1000000",
        "0x123456789abc, 64, true, false, false, 0x12345678900003f",
        "0xfff, 1, true, false, false, 0"})
    void partsLieInTheBitsThatAreDocumented(String physical, int bytes, boolean answered,
            boolean untranslated, boolean byDevice, String outcome) {
        assertThat(DmaOutcome.passed(Long.decode(physical), bytes, answered, untranslated,
                byDevice)).isEqualTo(Long.decode(outcome));
    }

    @Test
    void theHighestFrameIsNotCutOff() {
        long outcome = DmaOutcome.passed(ADDRESS_BITS, 1, true, false, false);
        assertThat(outcome).isEqualTo(-1L << 24);
        assertThat(DmaOutcome.physicalAddress(0xfff, outcome)).isEqualTo(ADDRESS_BITS);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 64, 4095, 4096})
    void blockingIsOneBit(int bytes) {
        assertThat(DmaOutcome.blocked(bytes, false)).isEqualTo(0x1000 | bytes - 1);
        assertThat(DmaOutcome.blocked(bytes, true)).isEqualTo(0x9000 | bytes - 1);
    }

    /** At level COUNT equal words share an event: requests that differ must differ in them. */
    @Seeds(count = 3)
    void requestsThatDifferHaveWordsThatDiffer(long seed) {
        var random = new RandomStream(seed, "apart");
        for (int round = 0; round < 500; round++) {
            long page = random.nextInt(4) * 4096L;
            int bytes = 1 + random.nextInt(4);
            long otherPage = random.nextInt(4) * 4096L;
            int otherBytes = 1 + random.nextInt(4);
            boolean same = page == otherPage && bytes == otherBytes;
            assertThat(DmaOutcome.passed(page, bytes, true, false, false)
                    == DmaOutcome.passed(otherPage, otherBytes, true, false, false))
                    .isEqualTo(same);
            assertThat(DmaOutcome.passed(page, bytes, true, false, false))
                    .isNotEqualTo(DmaOutcome.blocked(bytes, false));
        }
    }
}
