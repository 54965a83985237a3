// SPDX-License-Identifier: Apache-2.0
package devices.pcie.raid;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.sim.RandomStream;
import iommu.testkit.FakeDeviceContext;
import iommu.testkit.seeds.Seeds;
import java.util.HashMap;
import java.util.Map;

/**
 * Random commands, resets and switches of bus mastering: nothing is sent that may not be, every
 * command ends once, and a reset ends everything.
 */
class RandomProgramsTest {

    private static final long LISTS = 0x2_0000;
    private static final long BUFFERS = 0x40_0000;
    private static final int SLOTS = 64;

    private final RaidMachine machine = RaidMachine.with("mediumNanos", 200_000,
            "resetNanos", 3_000_000);
    /** What is outstanding: by slot its sector, negative if it writes. */
    private final Map<Integer, Long> outstanding = new HashMap<>();
    private RandomStream random;
    private boolean master = true;
    private int stored;
    private long sector = 1;

    @Seeds(count = 30)
    void everyCommandEndsOnceAndNothingIsSentThatMayNotBe(long seed) {
        random = new RandomStream(seed, "programs");
        for (int step = 0; step < 400; step++) {
            int before = machine.root.requests().size();
            step();
            machine.clock.advance(random.nextInt(400_000));
            if (!master) {
                assertThat(machine.root.requests()).hasSize(before);
            }
            replies();
        }
        busMaster(true);
        machine.clock.advance(10 * RaidMachine.SECOND);
        replies();
        assertThat(outstanding).isEmpty();
        assertThat(machine.committed).hasSize(stored);
        assertThat(machine.clock.pending()).isZero();
    }

    private void step() {
        switch (random.nextInt(40)) {
            case 0 -> reset();
            case 1 -> busMaster(false);
            case 2, 3 -> busMaster(true);
            default -> post();
        }
    }

    private void busMaster(boolean on) {
        master = on;
        machine.busMaster(on);
    }

    private void reset() {
        replies();
        if (random.oneIn(2)) {
            machine.device.reset();
        } else {
            machine.write(0x20, 4);
        }
        outstanding.clear();
        stored = machine.committed.size();
        int before = machine.root.requests().size();
        machine.clock.advance(4_000_000);
        assertThat(machine.root.requests()).as("nothing after a reset").hasSize(before);
        assertThat(machine.reply()).isEqualTo(RaidMachine.EMPTY);
    }

    private void post() {
        int slot = random.nextInt(SLOTS);
        if (outstanding.containsKey(slot)) {
            return;
        }
        boolean writes = random.oneIn(2);
        long list = LISTS + slot * 0x100L;
        long buffer = buffer(slot);
        sector += 16;
        machine.fill(buffer, 4096);
        machine.list(list, slot << 4, RaidMachine.VOLUME,
                RaidMachine.command(writes ? RaidMachine.OUT : RaidMachine.IN),
                RaidMachine.block16(writes ? 0x8a : 0x88, sector, 8),
                buffer, 1000, buffer + 1000, 3096);
        machine.post(list);
        outstanding.put(slot, writes ? -sector : sector);
    }

    private static long buffer(int slot) {
        return BUFFERS + slot * 0x1000L;
    }

    private void replies() {
        for (int tag = machine.reply(); tag != RaidMachine.EMPTY; tag = machine.reply()) {
            assertThat(tag & 0xf).as("no error").isZero();
            Long asked = outstanding.remove(tag >>> 4);
            assertThat(asked).as("asked for, and once").isNotNull();
            byte[] buffer = machine.bytes(buffer(tag >>> 4), 4096);
            if (asked > 0) {
                assertThat(buffer).isEqualTo(FakeDeviceContext.onMedium(asked, 4096));
            } else {
                stored++;
                assertThat(machine.committed).anyMatch(c -> c.position() == -asked
                        && java.util.Arrays.equals(c.bytes(), buffer));
            }
        }
    }
}
