// SPDX-License-Identifier: Apache-2.0
package devices.pcie.raid;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.sim.RandomStream;
import iommu.testkit.seeds.Seeds;
import java.util.ArrayList;
import java.util.List;

/**
 * Command lists of random bytes and of nearly right ones: each gets one reply with its tag, nothing
 * is read or written but what its entries name, and the controller goes on.
 */
class RandomCommandsTest {

    private static final long BUFFERS = 0x40_0000;
    private static final int[] OPERATIONS = {0x00, 0x12, 0x25, 0x26, 0x28, 0x2a, 0x35, 0x88, 0x8a,
        0x91, 0x9e, 0xa0, 0xc2, 0xc3, 0x5e};

    private final RaidMachine machine = RaidMachine.with("mediumNanos", 1000);
    private RandomStream random;

    @Seeds(count = 20)
    void eachGetsOneReplyAndTouchesNothingElse(long seed) {
        random = new RandomStream(seed, "commands");
        machine.root.recording(true);
        for (int i = 0; i < 200; i++) {
            machine.root.clear();
            long[] entries = entries();
            int direction = random.nextInt(4);
            machine.list(0x1000, i << 4, random.oneIn(2) ? RaidMachine.VOLUME : 0,
                    RaidMachine.command(direction), cdb(), entries);
            if (random.oneIn(8)) {
                machine.memory.write(0x1001, new byte[] {(byte) random.nextInt(256)}, 0, 1);
            }
            machine.post(0x1000);
            machine.clock.advance(RaidMachine.SECOND);
            assertThat(machine.reply() & ~2).isEqualTo(i << 4);
            assertThat(machine.reply()).isEqualTo(RaidMachine.EMPTY);
            onlyNamedPlacesAreTouched(entries, direction);
        }
        assertThat(machine.execute(0, RaidMachine.message(), RaidMachine.cdb(3, 0)))
                .isEqualTo(0x50);
    }

    private void onlyNamedPlacesAreTouched(long[] entries, int direction) {
        List<String> others = new ArrayList<>();
        machine.root.requests().forEach(r -> {
            boolean list = r.address() >= 0x1000 && r.address() < 0x2000;
            boolean error = r.address() >= RaidMachine.errorAt(0x1000)
                    && r.address() + r.value() <= RaidMachine.errorAt(0x1000) + 48;
            boolean named = false;
            for (int i = 0; i < entries.length; i += 2) {
                named |= r.address() >= entries[i]
                        && r.address() + r.value() <= entries[i] + entries[i + 1];
            }
            boolean reads = r.kind() == iommu.testkit.Request.Kind.READ;
            if (!(list && reads || error && !reads
                    || named && direction == (reads ? RaidMachine.OUT : RaidMachine.IN))) {
                others.add(r.toString());
            }
        });
        assertThat(others).isEmpty();
    }

    private byte[] cdb() {
        byte[] cdb = new byte[16];
        if (random.oneIn(3)) {
            for (int i = 1; i < cdb.length; i++) {
                cdb[i] = (byte) random.nextInt(256);
            }
        } else {
            cdb[8] = (byte) random.nextInt(8);
            cdb[9] = (byte) random.nextInt(64);
            cdb[13] = (byte) random.nextInt(8);
        }
        cdb[0] = (byte) OPERATIONS[random.nextInt(OPERATIONS.length)];
        return cdb;
    }

    /** Entries of any length, none included; each in a place of its own. */
    private long[] entries() {
        long[] entries = new long[2 * random.nextInt(6)];
        for (int i = 0; i < entries.length; i += 2) {
            entries[i] = BUFFERS + i * 0x1_0000L + random.nextInt(4096);
            entries[i + 1] = random.oneIn(2) ? 512L * random.nextInt(5) : random.nextInt(3000);
        }
        return entries;
    }

    @Seeds(count = 20)
    void bytesThatNobodyMeantDoNoHarm(long seed) {
        random = new RandomStream(seed, "bytes");
        byte[] bytes = new byte[1024];
        for (int i = 0; i < 200; i++) {
            for (int at = 0; at < bytes.length; at++) {
                bytes[at] = (byte) random.nextLong();
            }
            machine.memory.write(0x1000, bytes, 0, bytes.length);
            machine.post(0x1000 + random.nextInt(512));
            machine.clock.advance(RaidMachine.SECOND);
            machine.reply();
            if (machine.scratchpad() != 0xffff_0000) {
                machine.device.reset();
                machine.clock.advance(2 * RaidMachine.SECOND);
            }
        }
        assertThat(machine.execute(0, RaidMachine.message(), RaidMachine.cdb(3, 0)))
                .isEqualTo(0x50);
    }
}
