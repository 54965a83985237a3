// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.setup;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import iommu.api.pcie.DmaBuffer;
import java.util.List;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A sample of pages stays small, in order, and spread over all that were seen. */
class PageSampleTest {

    private static List<Long> sampled(int pages) {
        var sample = new PageSample();
        for (long i = 0; i < pages; i++) {
            sample.add(new DmaBuffer(i << 12, i << 12, 4096));
        }
        return sample.pages().stream().map(p -> p.iova() >>> 12).toList();
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 1023, 1024})
    void whatFitsIsKeptWhole(int pages) {
        assertThat(sampled(pages)).isEqualTo(LongStream.range(0, pages).boxed().toList());
    }

    /** Page 0, and from it on every second, fourth and so on of all that were seen. */
    @ParameterizedTest
    @CsvSource({"1025, 2", "1026, 2", "2047, 2", "2048, 2", "2049, 4", "4096, 4", "4097, 8",
        "70000, 128"})
    void ofMoreEverySecondFourthAndSoOnIsKept(int pages, int apart) {
        assertThat(sampled(pages)).isEqualTo(LongStream.range(0, pages)
                .filter(i -> i % apart == 0).boxed().toList())
                .hasSizeLessThanOrEqualTo(PageSample.MAX_PAGES);
    }

    @Test
    void nobodyElseAddsToIt() {
        var pages = new PageSample().pages();
        assertThatThrownBy(() -> pages.add(new DmaBuffer(0, 0, 4096)))
                .isInstanceOf(UnsupportedOperationException.class);
    }
}
