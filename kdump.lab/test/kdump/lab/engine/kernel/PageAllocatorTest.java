// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import iommu.api.machine.Platform;
import iommu.api.memory.AddressRange;
import iommu.api.unit.IovaOrder;
import java.util.BitSet;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Page frames and I/O virtual addresses as kernels give them out. */
class PageAllocatorTest {

    private static BitSet frames(int... numbers) {
        var set = new BitSet();
        for (int n : numbers) {
            set.set(n);
        }
        return set;
    }

    @Test
    void givesTheLowestFramesFirstAndLeavesTheExcludedOut() {
        var pool = new PageAllocator(List.of(new AddressRange(0x1000, 0x8000)), frames(2, 3));

        assertThat(List.of(pool.allocate(1), pool.allocate(1), pool.allocate(1)))
                .containsExactly(0x1000L, 0x4000L, 0x5000L);
    }

    @Test
    void runsAreAlignedToTheirNumberAndSpanNoExcludedFrame() {
        var pool = new PageAllocator(List.of(new AddressRange(0x1000, 0x40000)), frames(9));

        assertThat(pool.allocate(4)).isEqualTo(0x4000);
        assertThat(pool.allocate(3)).isEqualTo(0xc000);
        assertThat(pool.allocate(1)).isEqualTo(0xf000);
    }

    @Test
    void whatIsReservedLaterIsNotGivenOutEither() {
        BitSet before = frames(2);
        var pool = new PageAllocator(List.of(new AddressRange(0x1000, 0x8000)), before);
        assertThat(pool.overlaps(new AddressRange(0, 0x1001))).isTrue();
        assertThat(pool.overlaps(new AddressRange(0x8000, 0x9000))).isFalse();
        assertThat(pool.leavesOut(new AddressRange(0x3000, 0x8000))).isFalse();
        pool.reserve(new AddressRange(0x1800, 0x4800));
        assertThat(pool.leavesOut(new AddressRange(0x4fff, 0x8000))).isTrue();
        assertThat(pool.leavesOut(new AddressRange(0x5000, 0x8000))).isFalse();

        assertThat(pool.allocate(1)).isEqualTo(0x5000);
        assertThat(before).as("the caller's").isEqualTo(frames(2));
    }

    @Test
    void aFreedFrameIsGivenOutAgain() {
        var pool = new PageAllocator(List.of(new AddressRange(0x1000, 0x4000)), frames());
        long first = pool.allocate(1);
        pool.free(first, 1);

        assertThat(pool.allocate(1)).isEqualTo(first);
    }

    @Test
    void lowFramesAreTakenAlignedOrNotAtAll() {
        long high = 1L << 32;
        var pool = new PageAllocator(List.of(new AddressRange(high, high + 0x8000),
                new AddressRange(0x1000, 0x5000)), frames());

        assertThat(pool.takeLow(2, 0x1000)).isEqualTo(0x1000);
        assertThat(pool.takeLow(2, 0x4000)).as("none so aligned").isEqualTo(-1);
        assertThat(pool.takeLow(2, 0x1000)).isEqualTo(0x3000);
        assertThat(pool.takeLow(1, 0x1000)).isEqualTo(-1);
        assertThat(pool.allocateLow(1)).as("better high than none").isEqualTo(high);
        assertThat(pool.end()).isEqualTo(high + 0x8000);
    }

    @Test
    void whereLowFramesAreFewNobodyElseGetsThem() {
        long high = 1L << 32;
        var pool = new PageAllocator(List.of(new AddressRange(high, high + 0x8000),
                new AddressRange(0x1000, 0x5000)), frames());
        long low = pool.allocateLow(1);
        pool.free(low, 1);

        assertThat(pool.allocate(1)).isEqualTo(high);
    }

    @Test
    void goesOnInTheNextRangeAndEndsWithTheLast() {
        var pool = new PageAllocator(List.of(new AddressRange(0x1000, 0x2000),
                new AddressRange(0x10800, 0x12000)), frames());

        assertThat(pool.allocate(1)).isEqualTo(0x1000);
        assertThat(pool.allocate(1)).isEqualTo(0x11000);
        assertThatThrownBy(() -> pool.allocate(1)).isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("out of memory");
    }

    @Test
    void remembersWhatItEverGave() {
        var pool = new PageAllocator(List.of(new AddressRange(0x1000, 0x4000)), frames());
        long page = pool.allocate(1);
        pool.free(page, 1);

        assertThat(pool.gave(page + 0xfff)).isTrue();
        assertThat(pool.gave(page + 0x1000)).isFalse();
    }

    @Test
    void addressesComeFromTheTopOfTheLowFourGigabytesDownwards() {
        var space = new IovaAllocator(Platform.X86.messages(), IovaOrder.LOW);
        space.reserve(0xffffe000L, 0x1000);

        assertThat(space.allocate(false)).isEqualTo(0xfffff000L);
        assertThat(space.allocate(false)).isEqualTo(0xffffd000L);
        space.free(0xfffff000L);
        assertThat(space.allocate(false)).isEqualTo(0xfffff000L);
    }

    @Test
    void theInterruptRangeIsNeverGivenOut() {
        var space = new IovaAllocator(Platform.X86.messages(), IovaOrder.LOW);
        space.reserve(0xfef00000L, 0x1100000L);

        assertThat(space.allocate(false)).isEqualTo(0xfedff000L);
    }

    /** The low ones are found beside the cursor, and never given twice. */
    @Test
    void lowPagesAreLookedForBelow4Gib() {
        var taken = new BitSet();
        taken.set(0x1000);
        var pages = new PageAllocator(List.of(AddressRange.of(4L << 30, 0x2000),
                AddressRange.of(0x100_0000, 0x8000)), taken);
        assertThat(pages.allocate(1)).isEqualTo(4L << 30);
        assertThat(pages.allocateLow(2)).isEqualTo(0x100_2000);
        assertThat(pages.allocateLow(1)).isEqualTo(0x100_1000);
        assertThat(pages.allocate(1)).isEqualTo((4L << 30) + 0x1000);
        assertThat(pages.allocate(1)).as("over what was given").isEqualTo(0x100_4000);
        assertThat(pages.allocateLow(2)).as("the cursor is low itself").isEqualTo(0x100_6000);
        assertThat(pages.gave(0x100_2000)).isTrue();
    }

    @Test
    void withoutLowPagesOthersDo() {
        var pages = new PageAllocator(List.of(AddressRange.of(4L << 30, 0x2000)), new BitSet());
        assertThat(pages.allocateLow(1)).isEqualTo(4L << 30);
    }

    @Test
    void aScratchPageIsTakenAndNobodysOwn() {
        var pages = new PageAllocator(List.of(AddressRange.of(0x10_0000, 0x3000)), new BitSet());
        long own = pages.allocate(1);
        long scratch = pages.allocateScratch();
        assertThat(scratch).isNotEqualTo(own).isNotEqualTo(pages.allocate(1));
        assertThat(pages.gave(own)).isTrue();
        assertThat(pages.gave(scratch)).isFalse();
    }
}
