// SPDX-License-Identifier: Apache-2.0
package devices.pcie.e1000e;

import static devices.pcie.e1000e.NicMachine.CONVENTIONAL;
import static devices.pcie.e1000e.NicMachine.EXPRESS;
import static devices.pcie.e1000e.NicMachine.MILLI;
import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import iommu.api.sim.RandomStream;
import iommu.testkit.seeds.Seeds;
import java.lang.management.ManagementFactory;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** What holds whatever a driver does, and what a request costs. */
class RandomProgramTest {

    private static final int STEPS = 400;
    private static final int RING = 16;
    private static final long EOP_RS = 1 << 24 | 1 << 27;

    private NicMachine machine;
    private RandomStream random;
    private int tail;
    private int sent;

    @Seeds(count = 20)
    void noProgramBreaksTheRules(long seed) {
        random = new RandomStream(seed, "nic");
        machine = new NicMachine(random.oneIn(2) ? EXPRESS : CONVENTIONAL,
                Map.of("frameNanos", 200_000L));
        begin();
        for (int i = 0; i < STEPS; i++) {
            step();
            boolean master = machine.function.busMaster();
            machine.root.clear();
            machine.run(random.nextInt(3) * 100_000L);
            if (!master) {
                assertThat(machine.root.requests()).as("bus mastering is off").isEmpty();
            }
        }
        machine.function.writeConfig(4, 2, 6);
        machine.run(100 * MILLI);
        assertThat(machine.context.committed()).as("each frame once").hasSize(sent);
        machine.device.reset();
        machine.root.clear();
        machine.run(100 * MILLI);
        assertThat(machine.root.requests()).as("after a reset").isEmpty();
    }

    private void begin() {
        machine.receive(RING, 0);
        machine.transmit(RING);
        tail = 0;
    }

    private void step() {
        switch (random.nextInt(10)) {
            case 0 -> machine.function.writeConfig(4, 2, random.oneIn(2) ? 2 : 6);
            case 1 -> resetWhenIdle();
            case 2 -> machine.read(NicLayout.ICR);
            case 3 -> machine.write(NicLayout.IMS, random.nextInt(1 << 25));
            case 4 -> machine.write(NicLayout.RDT, random.nextInt(RING));
            case 5 -> machine.write(NicLayout.RXDCTL, random.nextInt(1 << 25));
            case 6 -> machine.write(NicLayout.RDTR, random.nextInt(200));
            default -> send();
        }
    }

    /** A reset drops frames that are not sent; it comes when there are none. */
    private void resetWhenIdle() {
        machine.function.writeConfig(4, 2, 6);
        machine.run(30 * MILLI);
        assertThat(machine.context.committed()).hasSize(sent);
        machine.write(NicLayout.CTRL, 1 << 26);
        machine.run(2 * MILLI);
        begin();
    }

    private void send() {
        long free = (machine.read(NicLayout.TDH) - tail - 1 + 2 * RING) % RING;
        if (free == 0) {
            return;
        }
        machine.descriptor(tail, 0x200000 + random.nextInt(4096),
                EOP_RS | 60 + random.nextInt(900));
        tail = (tail + 1) % RING;
        machine.write(NicLayout.TDT, tail);
        sent++;
    }

    @Test
    void receivingAllocatesNothing() {
        machine = new NicMachine(EXPRESS, Map.of("frameNanos", 10_000L));
        machine.root.recording(false);
        machine.receive(256, 0);
        var threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long me = Thread.currentThread().getId();
        long least = Long.MAX_VALUE;
        for (int round = 0; round < 20; round++) {
            long before = threads.getThreadAllocatedBytes(me);
            for (int i = 0; i < 200; i++) {
                machine.write(NicLayout.RDT, machine.read(NicLayout.RDH) + 250 & 0xff);
                machine.queue.advance(100 * 10_000L);
            }
            least = Math.min(least, threads.getThreadAllocatedBytes(me) - before);
        }

        // the test's own medium makes a frame anew each time: 342 bytes and 14 of a header
        assertThat(least).isLessThanOrEqualTo(200L * 100 * 376);
        assertThat(machine.read(Statistics.GPRC)).isGreaterThan(300_000);
    }
}
