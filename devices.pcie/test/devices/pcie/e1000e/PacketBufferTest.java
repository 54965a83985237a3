// SPDX-License-Identifier: Apache-2.0
package devices.pcie.e1000e;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.sim.RandomStream;
import iommu.testkit.seeds.Seeds;
import java.util.ArrayDeque;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Frames that wait on chip. */
class PacketBufferTest {

    private static final int CAPACITY = 4096;

    private final PacketBuffer buffer = new PacketBuffer(CAPACITY);
    private final byte[] out = new byte[CAPACITY];

    private static byte[] frame(int first, int bytes) {
        byte[] frame = new byte[bytes];
        for (int i = 0; i < bytes; i++) {
            frame[i] = (byte) (first + i);
        }
        return frame;
    }

    @ParameterizedTest
    @CsvSource({"60, 64", "64, 64", "65, 63", "342, 11", "1514, 2", "4096, 1", "4097, 0"})
    void takesAsManyAsFindRoom(int bytes, int count) {
        int taken = 0;
        while (buffer.offer(frame(taken, bytes), bytes)) {
            taken++;
        }

        assertThat(taken).isEqualTo(count);
        assertThat(buffer.isEmpty()).isEqualTo(count == 0);
    }

    @Test
    void aFrameLiesOverTheEnd() {
        buffer.offer(frame(1, 3000), 3000);
        buffer.take(out);
        buffer.offer(frame(7, 2000), 2000);

        assertThat(buffer.take(out)).isEqualTo(2000);
        assertThat(Arrays.copyOf(out, 2000)).isEqualTo(frame(7, 2000));
        assertThat(buffer.isEmpty()).isTrue();
    }

    @Test
    void whatIsRefusedLeavesTheOthersAsTheyAre() {
        buffer.offer(frame(1, 4000), 4000);
        assertThat(buffer.offer(frame(9, 97), 97)).isFalse();
        assertThat(buffer.offer(frame(5, 96), 96)).isTrue();

        assertThat(buffer.take(out)).isEqualTo(4000);
        assertThat(Arrays.copyOf(out, 4000)).isEqualTo(frame(1, 4000));
        assertThat(buffer.take(out)).isEqualTo(96);
        assertThat(out[0]).isEqualTo((byte) 5);
    }

    @Test
    void clearedItHasAllItsRoom() {
        buffer.offer(frame(1, 3000), 3000);
        buffer.clear();

        assertThat(buffer.isEmpty()).isTrue();
        assertThat(buffer.offer(frame(2, CAPACITY), CAPACITY)).isTrue();
    }

    @Seeds(count = 20)
    void isAQueueOfBoundedBytes(long seed) {
        var random = new RandomStream(seed, "buffer");
        var expected = new ArrayDeque<byte[]>();
        int used = 0;
        for (int i = 0; i < 2000; i++) {
            if (random.nextInt(5) < 3) {
                byte[] frame = frame(i, (int) random.between(60, 1518));
                boolean room = used + frame.length <= CAPACITY;
                assertThat(buffer.offer(frame, frame.length)).isEqualTo(room);
                if (room) {
                    expected.add(frame);
                    used += frame.length;
                }
            } else if (!expected.isEmpty()) {
                byte[] next = expected.remove();
                used -= next.length;
                assertThat(buffer.take(out)).isEqualTo(next.length);
                assertThat(Arrays.copyOf(out, next.length)).isEqualTo(next);
            }
            assertThat(buffer.isEmpty()).isEqualTo(expected.isEmpty());
        }
    }
}
