// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.linux;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.sim.RandomStream;
import iommu.testkit.seeds.Seeds;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Ten lines in five seconds, and then how many there were more. */
class RateLimitTest {

    private static final long SECOND = 1_000_000_000L;

    private final BenchKernel kernel = BenchKernel.legacy();
    private final RateLimit limit = new RateLimit(kernel, "dmar_fault");

    private int allowedOf(int lines) {
        int allowed = 0;
        for (int i = 0; i < lines; i++) {
            allowed += limit.allows() ? 1 : 0;
        }
        return allowed;
    }

    @ParameterizedTest(name = "{0} lines")
    @CsvSource({"1, 1", "9, 9", "10, 10", "11, 10", "1000, 10"})
    void tenLinesAreLetThrough(int lines, int allowed) {
        assertThat(allowedOf(lines)).isEqualTo(allowed);
        assertThat(kernel.console).isEmpty();
    }

    /** The interval begins with its first line, and five seconds still belong to it. */
    @ParameterizedTest(name = "after {0} ns")
    @CsvSource({"4999999999, 0", "5000000000, 0", "5000000001, 10", "60000000000, 10"})
    void theNextIntervalBeginsAfterFiveSeconds(long later, int allowed) {
        kernel.now = 7 * SECOND;
        allowedOf(10);
        kernel.now += later;
        assertThat(allowedOf(25)).isEqualTo(allowed);
    }

    @Test
    void whatWasHeldBackIsToldOnceWithTheNextLine() {
        allowedOf(13);
        kernel.now += 6 * SECOND;
        assertThat(kernel.console).isEmpty();
        allowedOf(1);
        assertThat(kernel.console).containsExactly("dmar_fault: 3 callbacks suppressed");
        kernel.now += 6 * SECOND;
        allowedOf(1);
        assertThat(kernel.console).as("nothing was held back since").hasSize(1);
    }

    @Test
    void linesFarApartAreNeverHeldBack() {
        for (int i = 0; i < 50; i++) {
            assertThat(limit.allows()).isTrue();
            kernel.now += SECOND;
        }
        assertThat(kernel.console).isEmpty();
    }

    /** Allowed and told together are all there were, but for those of the interval under way. */
    @Seeds
    void everyLineIsAllowedOrCounted(long seed) {
        var random = new RandomStream(seed, "vtd rate");
        int asked = 0;
        int allowed = 0;
        for (int i = 0; i < 500; i++) {
            kernel.now += random.oneIn(20) ? 6 * SECOND : random.nextInt(100_000_000);
            asked++;
            allowed += limit.allows() ? 1 : 0;
        }
        kernel.now += 6 * SECOND;
        asked++;
        allowed += limit.allows() ? 1 : 0;
        int told = kernel.console.stream()
                .mapToInt(line -> Integer.parseInt(line.split(" ")[1])).sum();
        assertThat(allowed + told).isEqualTo(asked);
        assertThat(told).isPositive();
    }
}
