// SPDX-License-Identifier: Apache-2.0
package iommu.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import iommu.api.memory.AddressRange;
import iommu.api.memory.PhysicalMemory;
import iommu.api.sim.RandomStream;
import iommu.testkit.seeds.Seeds;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The pages of a fake kernel: aligned, apart, and no more than there are. */
class FakePagesTest {

    @ParameterizedTest
    @CsvSource({"1, 0x1000", "2, 0x2000", "3, 0x4000", "4, 0x4000", "5, 0x8000", "8, 0x8000",
        "9, 0x10000"})
    void aRunIsAlignedToItsNumberRoundedUp(int count, String alignment) {
        var pages = new FakePages(0x1000, 0x100_0000);
        long at = pages.allocate(count);
        assertThat(at).isEqualTo(Long.decode(alignment));
        assertThat(pages.out()).isEqualTo(count);
    }

    @Test
    void whatIsLeftIsCountedInPages() {
        var pages = new FakePages(0x4000, 0x8000);
        assertThat(pages.left()).isEqualTo(4);
        pages.allocate(4);
        assertThat(pages.left()).isZero();
        assertThatIllegalStateException().isThrownBy(() -> pages.allocate(1))
                .withMessage("no page left");
        pages.free(3);
        assertThat(pages.out()).isEqualTo(1);
    }

    @Test
    void aRefusedRunTakesNothing() {
        var pages = new FakePages(0x1000, 0x3000);
        assertThatIllegalStateException().isThrownBy(() -> pages.allocate(2));
        assertThat(pages.allocate(1)).isEqualTo(0x1000);
        assertThat(pages.allocate(1)).isEqualTo(0x2000);
    }

    @Test
    void clearingTouchesThePagesAlone() {
        var memory = new PhysicalMemory(List.of(new AddressRange(0, 0x8000)), 9);
        long before = memory.read64(0x1ff8);
        long behind = memory.read64(0x4000);
        FakePages.clear(memory, 0x2000, 2);
        for (long at = 0x2000; at < 0x4000; at += 8) {
            assertThat(memory.read64(at)).isZero();
        }
        assertThat(memory.read64(0x1ff8)).isEqualTo(before);
        assertThat(memory.read64(0x4000)).isEqualTo(behind);
    }

    @Seeds(count = 5)
    void noPageIsGivenOutTwice(long seed) {
        var random = new RandomStream(seed, "pages");
        long end = 0x1000L * (500 + random.nextInt(500));
        var pages = new FakePages(0x1000L * random.nextInt(100), end);
        List<AddressRange> given = new ArrayList<>();
        while (true) {
            int count = 1 + random.nextInt(20);
            long at;
            try {
                at = pages.allocate(count);
            } catch (IllegalStateException e) {
                break;
            }
            AddressRange run = AddressRange.of(at, count * 4096L);
            assertThat(given).noneMatch(run::overlaps);
            assertThat(at % (Integer.highestOneBit(2 * count - 1) * 4096L)).isZero();
            assertThat(run.end()).isLessThanOrEqualTo(end);
            given.add(run);
        }
        assertThat(given).isNotEmpty();
    }
}
