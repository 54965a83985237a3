// SPDX-License-Identifier: Apache-2.0
package devices.pcie.ahci;

import static devices.pcie.ahci.AhciMachine.BUFFER;
import static devices.pcie.ahci.AhciMachine.GHC;
import static devices.pcie.ahci.AhciMachine.IS;
import static devices.pcie.ahci.AhciMachine.MILLI;
import static devices.pcie.ahci.AhciMachine.PX_CI;
import static devices.pcie.ahci.AhciMachine.PX_CMD;
import static devices.pcie.ahci.AhciMachine.PX_IS;
import static devices.pcie.ahci.AhciMachine.PX_SACT;
import static devices.pcie.ahci.AhciMachine.PX_SCTL;
import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.memory.AddressRange;
import iommu.api.sim.RandomStream;
import iommu.testkit.FakeDeviceContext;
import iommu.testkit.seeds.Seeds;
import java.util.Arrays;
import java.util.Map;

/** Whatever a driver does. */
class RandomProgramTest {

    private static final int DEPTH = 8;
    private static final int SLOT_BYTES = 0x2000;

    private final AhciMachine machine = new AhciMachine(Map.of());
    private RandomStream random;

    @Seeds(count = 20)
    void everyQueuedRequestIsDoneOnceAndWithItsOwnData(long seed) {
        random = new RandomStream(seed, "queued");
        machine.start();
        int done = 0;
        long[] sectors = new long[DEPTH];
        int issued = 0;
        for (int i = 0; i < 300; i++) {
            int slot = random.nextInt(DEPTH);
            if ((issued >>> slot & 1) == 0 && random.oneIn(2)) {
                sectors[slot] = random.nextInt(1 << 20);
                machine.command(slot, 0x60, sectors[slot], 1 + random.nextInt(16), buffer(slot),
                        SLOT_BYTES);
                machine.issue(1 << slot, true);
                issued |= 1 << slot;
            }
            machine.clock.advance(random.nextInt(300_000));
            done += reap(issued, sectors);
            issued &= (int) machine.read(PX_SACT);
        }
        machine.clock.advance(100 * MILLI);
        done += reap(issued, sectors);
        assertThat(machine.read(PX_SACT) | machine.read(PX_CI)).isZero();
        assertThat(done).isGreaterThan(20);
        assertThat(machine.clock.pending()).isZero();
    }

    private static long buffer(int slot) {
        return BUFFER + (long) slot * SLOT_BYTES;
    }

    private int reap(int issued, long[] sectors) {
        int done = issued & ~(int) machine.read(PX_SACT);
        for (int left = done; left != 0; left &= left - 1) {
            int slot = Integer.numberOfTrailingZeros(left);
            assertThat(machine.bytes(buffer(slot), 512))
                    .isEqualTo(FakeDeviceContext.onMedium(sectors[slot], 512));
        }
        return Integer.bitCount(done);
    }

    @Seeds(count = 40)
    void itNeverDoesDmaWithoutBusMasteringNorAfterAReset(long seed) {
        random = new RandomStream(seed, "anything");
        machine.start();
        for (int i = 0; i < 200; i++) {
            act();
            if (random.oneIn(8)) {
                quiet(() -> machine.function.writeConfig(4, 2, 3));
                machine.function.writeConfig(4, 2, 7);
            }
            if (random.oneIn(20)) {
                quiet(machine.device::reset);
                machine.start();
            }
        }
    }

    /** After this nothing is sent. */
    private void quiet(Runnable act) {
        act.run();
        int before = machine.root.requests().size();
        machine.clock.advance(random.nextInt(100_000_000));
        assertThat(machine.root.requests()).hasSize(before);
        machine.root.clear();
    }

    private void act() {
        int slot = random.nextInt(32);
        switch (random.nextInt(10)) {
            case 0, 1, 2 -> {
                int command = new int[] {0x25, 0x35, 0x60, 0x61, 0x24, 0x34, 0xec, 0xef, 0xe7,
                    0xff, 0xc8, 0x20}[random.nextInt(12)];
                machine.command(slot, command, random.nextInt(1 << 20), random.nextInt(20),
                        random.oneIn(9) ? random.nextLong() : BUFFER, 1 + random.nextInt(1 << 14));
                machine.issue(1 << slot, command >>> 4 == 6);
            }
            case 3 -> machine.write(PX_CMD, random.nextInt(32));
            case 4 -> machine.write(PX_SCTL, random.nextInt(5));
            case 5 -> machine.write(GHC, random.nextInt(4));
            case 6 -> machine.write(4 * random.nextInt(0x100), random.nextLong());
            case 7 -> machine.root.refuse(random.oneIn(2) ? null
                    : AddressRange.of(random.nextInt(0x40) << 14, 0x4000));
            case 8 -> machine.start();
            default -> machine.clock.advance(random.nextInt(3_000_000));
        }
    }

    @Seeds(count = 5)
    void writtenDataComeBackAsTheyWere(long seed) {
        random = new RandomStream(seed, "data");
        machine.start();
        machine.fill(BUFFER, 0x20000);
        for (int i = 0; i < 20; i++) {
            int count = 1 + random.nextInt(60);
            int command = new int[] {0x35, 0x61, 0x34, 0xca, 0x30}[random.nextInt(5)];
            machine.context.committed().clear();
            machine.run(command, 8, count, BUFFER, count * 512);
            byte[] all = machine.bytes(BUFFER, count * 512);
            int at = 0;
            for (FakeDeviceContext.Committed c : machine.context.committed()) {
                assertThat(c.position()).isEqualTo(8 + at / 512);
                assertThat(c.bytes()).isEqualTo(
                        Arrays.copyOfRange(all, at, at + c.bytes().length));
                at += c.bytes().length;
            }
            assertThat(at).isEqualTo(all.length);
            machine.write(PX_IS, -1);
            machine.write(IS, -1);
        }
    }
}
