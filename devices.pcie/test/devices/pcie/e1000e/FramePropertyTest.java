// SPDX-License-Identifier: Apache-2.0
package devices.pcie.e1000e;

import static devices.pcie.e1000e.NicMachine.CONVENTIONAL;
import static devices.pcie.e1000e.NicMachine.EXPRESS;
import static devices.pcie.e1000e.NicMachine.MILLI;
import static devices.pcie.e1000e.NicMachine.RX_RING;
import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.sim.RandomStream;
import iommu.testkit.FakeDeviceContext;
import iommu.testkit.seeds.Seeds;
import java.util.Arrays;
import java.util.Map;

/** What becomes of every frame, whatever a driver does with its ring. */
class FramePropertyTest {

    private static final int RING = 16;
    private static final int BYTES = 1000;
    private static final long PERIOD = 100_000;
    private static final long EOP_RS = 1 << 24 | 1 << 27;

    private NicMachine machine;
    private RandomStream random;
    private int toClean;
    private long lastNumber;
    private long landed;

    private void machine(long seed) {
        random = new RandomStream(seed, "frames");
        machine = new NicMachine(random.oneIn(2) ? EXPRESS : CONVENTIONAL,
                Map.of("frameNanos", PERIOD, "frameBytes", (long) BYTES));
        lastNumber = -1;
    }

    /** Takes out what has arrived, with numbers that only grow, and gives buffers back. */
    private void clean(int most) {
        for (int i = 0; i < most; i++) {
            long at = RX_RING + 16L * toClean + 8;
            if ((machine.memory.read64(at) >>> 32 & 1) == 0) {
                return;
            }
            lastNumber = numberOf(machine.bytes(NicMachine.BUFFERS + 2048L * toClean, BYTES));
            landed++;
            machine.memory.write64(at, 0);
            machine.write(NicLayout.RDT, toClean);
            toClean = (toClean + 1) % RING;
        }
    }

    private long numberOf(byte[] frame) {
        for (long number = lastNumber + 1; number < lastNumber + 256; number++) {
            if (Arrays.equals(frame, 14, BYTES, FakeDeviceContext.onMedium(number, BYTES), 14,
                    BYTES)) {
                return number;
            }
        }
        throw new AssertionError("no frame that comes after frame " + lastNumber);
    }

    /** Bus mastering goes off and on, the ring is used up and filled again, timers vary. */
    @Seeds(count = 20)
    void eachFrameLandsInOneBufferOrIsMissed(long seed) {
        machine(seed);
        machine.write(NicLayout.RXDCTL, random.oneIn(2) ? 0x0104_0420 : 0x1_0000);
        machine.write(NicLayout.RDTR, random.nextInt(100));
        machine.receive(RING, 0);
        long missed = 0;
        for (int i = 0; i < 300; i++) {
            switch (random.nextInt(6)) {
                case 0 -> machine.function.writeConfig(4, 2, random.oneIn(2) ? 2 : 6);
                case 1 -> missed += machine.read(Statistics.MPC);
                case 2 -> machine.read(NicLayout.ICR);
                default -> clean(random.nextInt(RING));
            }
            machine.run(random.between(0, 4 * PERIOD));
        }
        long arrived = machine.queue.nanos() / PERIOD;
        machine.function.writeConfig(4, 2, 6);
        missed += machine.read(Statistics.MPC);
        long good = machine.read(Statistics.GPRC);
        assertThat(good + missed).as("good and missed").isEqualTo(arrived);
        machine.run(30 * MILLI);
        for (int i = 0; i < 40; i++) {
            clean(RING);
            machine.run(4 * PERIOD);
        }
        clean(RING);

        assertThat(landed).as("what was good has landed, and some more")
                .isBetween(good, good + machine.read(Statistics.GPRC));
    }

    @Seeds(count = 20)
    void nothingLeavesWhileBusMasteringIsOff(long seed) {
        machine(seed);
        machine.receive(RING, 0);
        machine.transmit(RING);
        for (int i = 0; i < RING; i++) {
            machine.descriptor(i, 0x200000 + 4096 * i, EOP_RS | 60 + random.nextInt(1454));
        }
        for (int i = 0; i < 60; i++) {
            machine.write(NicLayout.TDT, random.nextInt(RING));
            machine.write(NicLayout.RDT, random.nextInt(RING));
            machine.run(random.nextInt(50_000));
            machine.function.writeConfig(4, 2, 2);
            machine.root.clear();
            machine.run(random.nextInt(20) * MILLI / 2);
            assertThat(machine.root.requests()).as("stretch %d", i).isEmpty();
            machine.function.writeConfig(4, 2, 6);
        }
        machine.run(50 * MILLI);

        assertThat(machine.read(NicLayout.TDH)).as("all is sent in the end")
                .isEqualTo(machine.read(NicLayout.TDT));
    }

    /** By CTRL.RST, or by that of the function, wherever it is in its work. */
    @Seeds(count = 40)
    void nothingGoesOnAfterAReset(long seed) {
        machine(seed);
        machine.write(NicLayout.RDTR, random.nextInt(200));
        machine.write(NicLayout.TIDV, random.nextInt(200));
        machine.receive(RING, 0);
        machine.transmit(RING);
        for (int i = 0; i < RING; i++) {
            machine.descriptor(i, 0x200000 + 4096 * i, EOP_RS | 1L << 31 | 1000);
        }
        machine.write(NicLayout.TDT, RING - 1);
        machine.run(random.nextInt(400_000));
        if (random.oneIn(2)) {
            machine.write(NicLayout.CTRL, 1 << 26);
        } else {
            machine.device.reset();
        }
        int before = machine.context.committed().size();
        machine.root.clear();
        machine.run(200 * MILLI);

        assertThat(machine.root.requests()).isEmpty();
        assertThat(machine.context.committed()).hasSize(before);
        assertThat(machine.read(NicLayout.ICR)).as("no cause either").isZero();
        assertThat(machine.read(Statistics.MPC)).isZero();
        assertThat(machine.queue.pending()).isZero();
    }
}
