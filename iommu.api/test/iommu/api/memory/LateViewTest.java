// SPDX-License-Identifier: Apache-2.0
package iommu.api.memory;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.sim.RandomStream;
import iommu.testkit.seeds.Seeds;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class LateViewTest {

    private final PhysicalMemory memory =
            PhysicalMemory.zeroed(List.of(new AddressRange(0, 16 << 20)));

    private void processorWrites(long at, long value) {
        memory.byProcessor(true);
        memory.write64(at, value);
        memory.byProcessor(false);
    }

    @Test
    void aLineReadsAsItWasBeforeTheFirstWriteUntilItIsFlushed() {
        LateView view = memory.lateView(false);
        memory.write64(0x1000, 1);
        processorWrites(0x1008, 2);
        processorWrites(0x1000, 3);
        assertThat(view.isCurrent()).isFalse();
        assertThat(view.read64(0x1000)).isEqualTo(1);
        assertThat(view.read64(0x1008)).isZero();
        assertThat(memory.read64(0x1000)).isEqualTo(3);
        memory.flush(0x1038, 8);
        assertThat(view.read64(0x1000)).isEqualTo(3);
        assertThat(view.isCurrent()).isTrue();
    }

    @Test
    void aWriteAfterTheFlushIsKeptBackAgain() {
        LateView view = memory.lateView(true);
        processorWrites(0x1000, 1);
        memory.flush(0x1000, 8);
        processorWrites(0x1000, 2);
        view.drain(false);
        assertThat(view.read64(0x1000)).isZero();
        memory.flush(0x1000, 8);
        assertThat(view.read64(0x1000)).isZero();
        view.drain(false);
        assertThat(view.read64(0x1000)).isEqualTo(2);
    }

    @Test
    void theLineWrittenFirstLeavesFullCaches() {
        LateView view = memory.lateView(false);
        for (long i = 0; i <= LateView.MAX_LINES; i++) {
            processorWrites(i * 64, i + 1);
        }
        assertThat(view.read64(0)).isEqualTo(1);
        assertThat(view.read64(64)).isZero();
        assertThat(view.read64(LateView.MAX_LINES * 64L)).isZero();
    }

    @Test
    void rollingBackForgetsWhatWasKept() {
        LateView view = memory.lateView(false);
        int mark = memory.mark();
        processorWrites(0x1000, 1);
        memory.rollback(mark);
        assertThat(view.isCurrent()).isTrue();
    }

    @Seeds(count = 3)
    void theViewIsMemoryWithTheLinesKeptAsideByHand(long seed) {
        var random = new RandomStream(seed, "late");
        LateView view = memory.lateView(false);
        Map<Long, long[]> aside = new HashMap<>();
        for (int step = 0; step < 50_000; step++) {
            long at = random.nextInt(1 << 12) * 8L;
            long line = at / 64;
            switch (random.nextInt(4)) {
                case 0, 1 -> {
                    aside.computeIfAbsent(line, l -> {
                        long[] words = new long[8];
                        for (int i = 0; i < 8; i++) {
                            words[i] = memory.read64(l * 64 + i * 8L);
                        }
                        return words;
                    });
                    processorWrites(at, random.nextLong());
                }
                case 2 -> {
                    memory.flush(at, 64);
                    aside.remove(line);
                    aside.remove((at + 63) / 64);
                }
                default -> {
                    memory.write64(at, step);
                    aside.remove(line);
                }
            }
            long probe = random.nextInt(1 << 12) * 8L;
            long[] kept = aside.get(probe / 64);
            assertThat(view.read64(probe)).isEqualTo(
                    kept == null ? memory.read64(probe) : kept[(int) (probe / 8 & 7)]);
        }
    }

    @Test
    void observersWithoutAWriteBufferSeeTheSame() {
        LateView view = memory.lateView(false);
        assertThat(memory.lateView(false)).isSameAs(view);
        LateView buffered = memory.lateView(true);
        assertThat(memory.lateView(true)).isNotIn(view, buffered);
        assertThat(memory.lateView(false)).isSameAs(view);
    }
}
