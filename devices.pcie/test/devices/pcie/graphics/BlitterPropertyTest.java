// SPDX-License-Identifier: Apache-2.0
package devices.pcie.graphics;

import static devices.pcie.graphics.GraphicsMachine.PAGE;
import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import iommu.testkit.Request;
import iommu.testkit.seeds.Seeds;
import java.lang.management.ManagementFactory;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

/**
 * Whatever a ring holds: memory is afterwards what a small model of the commands says, which knows
 * pages and bytes only; and what a ring full of noise asks for is mapped, and ends.
 */
class BlitterPropertyTest {

    private static final int PAGES = 12;
    private static final int FIRST = 0x1400;
    /** Physical pages behind the graphics addresses, in a window of 16. */
    private static final long WINDOW = 0x60_0000;
    private static final int RING_BYTES = 2 * PAGE;
    private static final int COMMANDS = 60;

    private final GraphicsMachine machine = new GraphicsMachine(false);
    /** Physical page of a graphics page, -1 if it is not mapped. */
    private final int[] mapped = new int[PAGES];
    private final byte[][] model = new byte[16][PAGE];

    private void map(Random random) {
        for (int i = 0; i < PAGES; i++) {
            mapped[i] = random.nextInt(4) == 0 ? -1 : random.nextInt(model.length);
            machine.entry(FIRST + i, mapped[i] < 0 ? 0xdead_0000L
                    : WINDOW + (long) mapped[i] * PAGE | 1);
        }
    }

    private void fill(Random random) {
        for (int page = 0; page < model.length; page++) {
            for (int i = 0; i < PAGE; i++) {
                model[page][i] = (byte) random.nextInt(256);
            }
            machine.memory.write(WINDOW + (long) page * PAGE, model[page], 0, PAGE);
        }
    }

    private int at(int graphics) {
        int page = graphics / PAGE;
        return page < PAGES ? mapped[page] : -1;
    }

    private void model(int from, int to, int bytes) {
        byte[] pixels = new byte[bytes];
        for (int i = 0; i < bytes; i++) {
            pixels[i] = at(from + i) < 0 ? 0 : model[at(from + i)][(from + i) % PAGE];
        }
        for (int i = 0; i < bytes; i++) {
            store(to + i, pixels[i]);
        }
    }

    private void store(int graphics, byte value) {
        if (at(graphics) >= 0) {
            model[at(graphics)][graphics % PAGE] = value;
        }
    }

    /** Puts a random command at a place, does it in the model; returns where it ends. */
    private long post(Random random, long at) {
        int to = random.nextInt(PAGES * PAGE / 4) * 4;
        switch (random.nextInt(3)) {
            case 0 -> {
                int noops = 2 * (1 + random.nextInt(12));
                return machine.put(at, RING_BYTES, new long[noops]);
            }
            case 1 -> {
                long value = random.nextLong();
                for (int i = 0; i < 8; i++) {
                    store((to & -8) + i, (byte) (value >>> 8 * i));
                }
                long end = machine.put(at, RING_BYTES,
                        GraphicsMachine.flush((long) FIRST * PAGE + to, value));
                return machine.put(end, RING_BYTES, 0);
            }
            default -> {
                int from = random.nextInt(PAGES * PAGE / 4) * 4;
                int bytes = 4 * (1 + random.nextInt(1024));
                model(from, to, bytes);
                return machine.put(at, RING_BYTES, GraphicsMachine.copy(
                        (long) FIRST * PAGE + from, (long) FIRST * PAGE + to, bytes));
            }
        }
    }

    @Seeds(count = 4)
    void memoryIsWhatTheCommandsSay(long seed) {
        var random = new Random(seed);
        machine.ring(2);
        machine.root.recording(false);
        map(random);
        fill(random);
        long tail = 0;
        for (int i = 0; i < COMMANDS; i++) {
            tail = post(random, tail);
            if (random.nextInt(4) == 0) {
                machine.go(tail);
                map(random);
            }
        }
        machine.go(tail);
        assertThat(machine.isDone()).isTrue();
        byte[] page = new byte[PAGE];
        for (int i = 0; i < model.length; i++) {
            machine.memory.read(WINDOW + (long) i * PAGE, page, 0, PAGE);
            assertThat(Arrays.mismatch(page, model[i])).as("page " + i).isEqualTo(-1);
        }
    }

    /** Nothing but pages that are mapped is reached, and a hang is an end. */
    @Seeds(count = 6)
    void noiseInTheRingReachesOnlyWhatIsMapped(long seed) {
        var random = new Random(seed);
        machine.ring(1);
        for (int at = 0; at < PAGE; at += 4) {
            boolean command = random.nextInt(3) == 0;
            long[] some = random.nextBoolean() ? GraphicsMachine.copy(0, 0, 4)
                    : GraphicsMachine.flush(0, 0);
            machine.put(at, PAGE, command ? some[0] : random.nextInt(8) * 0x1000L);
        }
        machine.write(GraphicsLayout.RING_HEAD, random.nextLong() & 0xffff_ffffL);
        machine.write(GraphicsLayout.RING_TAIL, random.nextLong() & PAGE - 8);
        assertThat(machine.during(20 * GraphicsMachine.MILLI)).allSatisfy(r -> {
            boolean ring = r.address() >= GraphicsMachine.RING
                    && r.address() + r.value() <= GraphicsMachine.RING + PAGE;
            assertThat(ring || GraphicsMachine.STOLEN.contains(r.address())
                    && r.address() >= GraphicsMachine.SURFACES).as(r.brief()).isTrue();
            assertThat(ring).as("the ring is only read").isIn(false,
                    r.kind() == Request.Kind.READ);
        });
    }

    @Test
    void aCommandAllocatesNothing() {
        machine.ring(1);
        machine.root.recording(false);
        long end = machine.put(0, PAGE, GraphicsMachine.copy(0, PAGE, 512));
        end = machine.put(end, PAGE, GraphicsMachine.flush(4 * PAGE, 1));
        machine.put(end, PAGE, 0);
        machine.write(GraphicsLayout.RING_TAIL, 64);
        machine.clock.advance(100_000);
        var threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        rounds(2_000);
        long before = threads.getCurrentThreadAllocatedBytes();
        rounds(2_000);
        assertThat(threads.getCurrentThreadAllocatedBytes() - before).as("4 000 commands")
                .isLessThan(400_000);
    }

    /** Does the same line again and again: the head is put back. */
    private void rounds(int count) {
        for (int i = 0; i < count; i++) {
            machine.write(GraphicsLayout.RING_HEAD, 0);
            machine.write(GraphicsLayout.RING_TAIL, 64);
            machine.clock.advance(10_000);
            assertDone();
        }
    }

    private void assertDone() {
        if (!machine.isDone()) {
            throw new AssertionError("not done");
        }
    }
}
