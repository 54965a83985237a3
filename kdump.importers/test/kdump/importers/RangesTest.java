// SPDX-License-Identifier: Apache-2.0
package kdump.importers;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.memory.AddressRange;
import java.util.List;
import org.junit.jupiter.api.Test;

class RangesTest {

    private static AddressRange range(long start, long end) {
        return new AddressRange(start, end);
    }

    @Test
    void rangesThatMeetOrOverlapAreJoined() {
        assertThat(Ranges.joined(List.of(range(50, 60), range(10, 20), range(20, 30),
                range(25, 28), range(31, 40)))).containsExactly(range(10, 30), range(31, 40),
                        range(50, 60));
        assertThat(Ranges.joined(List.of())).isEmpty();
    }

    @Test
    void aRangeWithinAnotherDoesNotShortenIt() {
        assertThat(Ranges.joined(List.of(range(10, 100), range(20, 30), range(90, 95))))
                .containsExactly(range(10, 100));
    }

    @Test
    void rangesAreWidenedToPages() {
        assertThat(Ranges.pages(List.of(range(0x1001, 0x1002), range(0x2000, 0x3000),
                range(0x5fff, 0x6001)), 4096))
                .containsExactly(range(0x1000, 0x3000), range(0x5000, 0x7000));
    }

    @Test
    void bytesAreSummed() {
        assertThat(Ranges.bytes(List.of(range(0, 1), range(10, 20)))).isEqualTo(11);
        assertThat(Ranges.bytes(List.of())).isZero();
    }
}
