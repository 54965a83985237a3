// SPDX-License-Identifier: Apache-2.0
package kdump.importers.elf;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.memory.AddressRange;
import iommu.api.sim.RandomStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.RepetitionInfo;

/** Segments laid out at random, against memory that is written byte by byte. */
class OverlapsTest {

    private static final int MEMORY = 400;
    private static final int FILE = 600;

    @RepeatedTest(100)
    void theEarlierHeaderCountsForEveryByte(RepetitionInfo round) throws IOException {
        var random = new RandomStream(Long.getLong("lab.seed", 1),
                "overlaps " + round.getCurrentRepetition());
        byte[] file = new byte[FILE];
        for (int i = 0; i < FILE; i++) {
            file[i] = (byte) random.nextLong();
        }
        List<Segment> segments = new ArrayList<>();
        int[] expected = new int[MEMORY];
        Arrays.fill(expected, -1);
        long held = 0;
        boolean agree = true;
        for (int n = random.nextInt(12); n > 0; n--) {
            int bytes = 1 + random.nextInt(90);
            int address = random.nextInt(MEMORY - bytes);
            int offset = random.oneIn(3) ? address : random.nextInt(FILE - bytes);
            segments.add(new Segment(AddressRange.of(address, bytes), offset));
            held += bytes;
            for (int i = 0; i < bytes; i++) {
                if (expected[address + i] < 0) {
                    expected[address + i] = offset + i;
                } else {
                    agree &= file[expected[address + i]] == file[offset + i];
                }
            }
        }
        var overlaps = new Overlaps(ElfBytes.of(file), segments);
        CoreImage image = new CoreImage(ElfBytes.of(file), overlaps.resolve());
        check(image, file, expected);
        long distinct = Arrays.stream(expected).filter(e -> e >= 0).count();
        if (distinct == held) {
            assertThat(overlaps.remark()).isNull();
        } else {
            assertThat(overlaps.remark()).contains("0x" + Long.toHexString(held - distinct))
                    .contains(agree ? "compared agree" : "They differ");
        }
    }

    private static void check(CoreImage image, byte[] file, int[] expected) throws IOException {
        boolean[] seen = new boolean[MEMORY];
        for (AddressRange range : image.ranges()) {
            byte[] bytes = new byte[(int) range.bytes()];
            image.read(range.start(), bytes, 0, bytes.length);
            for (int i = 0; i < bytes.length; i++) {
                int at = (int) range.start() + i;
                seen[at] = true;
                assertThat(bytes[i]).isEqualTo(file[expected[at]]);
            }
        }
        for (int at = 0; at < MEMORY; at++) {
            assertThat(seen[at]).isEqualTo(expected[at] >= 0);
        }
    }
}
