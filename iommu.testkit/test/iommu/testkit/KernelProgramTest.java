// SPDX-License-Identifier: Apache-2.0
package iommu.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.memory.AddressRange;
import iommu.api.memory.LateView;
import iommu.api.memory.PhysicalMemory;
import iommu.api.sim.RandomStream;
import iommu.testkit.seeds.Seeds;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Random kernel code on the fake port agrees with a map of words, and a unit that does not snoop
 * sees exactly the lines that the code has written back.
 */
class KernelProgramTest {

    private static final long FIRST_PAGE = 0x4_0000;
    private static final long BYTES = 0x10_0000;

    private final PhysicalMemory memory =
            new PhysicalMemory(List.of(new AddressRange(0, BYTES)), 11);
    private final FakeKernelPort port =
            new FakeKernelPort(new PlainUnit(), memory, FIRST_PAGE, BYTES);
    private final LateView unitsView = memory.lateView(false);
    private final Map<Long, Long> words = new HashMap<>();
    private final Map<Long, long[]> hidden = new HashMap<>();
    private final Set<Long> touched = new HashSet<>();
    private boolean flushes;

    private long word(long at) {
        Long written = words.get(at);
        return written == null ? RandomStream.mix(11 ^ at >>> 3) : written;
    }

    /** Notes that a processor writes a word: its line is hidden until it is written back. */
    private void write(long at, long value) {
        long line = at & -64;
        hidden.computeIfAbsent(line, l -> {
            long[] before = new long[8];
            for (int i = 0; i < 8; i++) {
                before[i] = word(l + 8 * i);
            }
            return before;
        });
        words.put(at, value);
        touched.add(line);
    }

    private void endOfAct() {
        if (flushes) {
            hidden.keySet().removeAll(touched);
        }
        touched.clear();
    }

    @Seeds(count = 8)
    void kernelCodeWritesWhatItSaysAndTheUnitSeesWhatIsWrittenBack(long seed) {
        var random = new RandomStream(seed, "kernel");
        for (int step = 0; step < 2000; step++) {
            long at = random.nextInt((int) (FIRST_PAGE / 8)) * 8L;
            switch (random.nextInt(8)) {
                case 0 -> {
                    flushes = random.oneIn(2);
                    port.flushWrites(flushes);
                }
                case 1 -> allocate(1 + random.nextInt(2));
                case 2, 3 -> copy(at, random.nextInt((int) (FIRST_PAGE / 8)) * 8L,
                        8 * (1 + random.nextInt(20)));
                default -> {
                    long value = random.nextLong();
                    port.write64(at, value);
                    write(at, value);
                    endOfAct();
                }
            }
            long probe = random.oneIn(2) ? at : random.nextInt((int) (BYTES / 8)) * 8L;
            assertThat(port.read64(probe)).isEqualTo(word(probe));
            long[] before = hidden.get(probe & -64);
            assertThat(unitsView.read64(probe)).as("what the unit sees of 0x%x", probe)
                    .isEqualTo(before == null ? word(probe) : before[(int) (probe >>> 3 & 7)]);
        }
        assertThat(port.nanos()).as("no test has said that time passes").isZero();
    }

    private void allocate(int count) {
        if (port.pagesLeft() < 4) {
            return;
        }
        long page = port.allocatePages(count);
        for (long at = page; at < page + count * 4096L; at += 8) {
            write(at, 0);
        }
        endOfAct();
    }

    private void copy(long from, long to, int bytes) {
        if (Math.abs(from - to) < bytes) {
            return; // a copy onto itself is nobody's business
        }
        port.copy(from, to, bytes);
        for (int i = 0; i < bytes; i += 8) {
            write(to + i, word(from + i));
        }
        endOfAct();
    }
}
