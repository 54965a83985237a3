// SPDX-License-Identifier: Apache-2.0
package devices.pcie.usb;

import static devices.pcie.usb.AttachedDevice.DISK_IN;
import static devices.pcie.usb.AttachedDevice.DISK_OUT;
import static devices.pcie.usb.AttachedDevice.NOT_READY;
import static devices.pcie.usb.AttachedDevice.STALLS;
import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.pcie.Medium;
import iommu.api.sim.EventQueue;
import iommu.api.sim.RandomStream;
import iommu.testkit.FakeDeviceContext;
import iommu.testkit.seeds.Seeds;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Random commands beside what the transport's tables say of each, and beside an array of bytes. */
class BulkOnlyDiskTest {

    private static final long MEDIUM_NANOS = 1000;
    private static final int READ = 0x28;
    private static final int WRITE = 0x2a;
    private static final int INQUIRY = 0x12;
    private static final int READ_CAPACITY = 0x25;
    private static final int TEST_UNIT_READY = 0;
    private static final int[] OPCODES = {READ, WRITE, INQUIRY, READ_CAPACITY, TEST_UNIT_READY,
        0x03, 0x5a, 0x88};
    private static final long SECTORS = 1 << 24;
    private static final int WINDOW = 32;

    private final EventQueue clock = new EventQueue();
    private final FakeDeviceContext context =
            new FakeDeviceContext(null, null, clock, Map.of());
    private int told;
    private final AttachedDevice device = new AttachedDevice(context,
            AttachedDevice.Kind.HIGH_SPEED, MEDIUM_NANOS, 0, endpoint -> told = endpoint);
    private final byte[] buffer = new byte[8192];
    private int tag;

    private byte[] block(int opcode, long sector, int length) {
        ByteBuffer block = ByteBuffer.allocate(31).order(ByteOrder.LITTLE_ENDIAN)
                .putInt(0, 0x4342_5355).putInt(4, ++tag).putInt(8, length)
                .put(14, (byte) 10).put(15, (byte) opcode);
        return block.order(ByteOrder.BIG_ENDIAN).putInt(17, (int) sector).array();
    }

    private void command(int opcode, long sector, int length) {
        assertThat(device.out(DISK_OUT, block(opcode, sector, length), 31)).isEqualTo(31);
    }

    /** Takes the status, with a random sector before it in the buffer; returns "residue status". */
    private String status() {
        clock.advance(MEDIUM_NANOS);
        assertThat(device.in(DISK_IN, buffer, 512)).isEqualTo(13);
        ByteBuffer status = ByteBuffer.wrap(buffer).order(ByteOrder.LITTLE_ENDIAN);
        assertThat(status.getInt(0)).isEqualTo(0x5342_5355);
        assertThat(status.getInt(4)).isEqualTo(tag);
        return status.getInt(8) + " " + status.get(12);
    }

    /** Takes so many bytes in pieces of random sizes. */
    private byte[] take(RandomStream random, int bytes) {
        byte[] all = new byte[bytes];
        for (int at = 0; at < bytes;) {
            int most = 1 + random.nextInt(Math.min(1500, bytes - at));
            assertThat(device.in(DISK_IN, buffer, most)).isEqualTo(most);
            System.arraycopy(buffer, 0, all, at, most);
            at += most;
        }
        return all;
    }

    private void give(RandomStream random, byte[] bytes) {
        for (int at = 0; at < bytes.length;) {
            int most = 1 + random.nextInt(Math.min(1500, bytes.length - at));
            assertThat(device.out(DISK_OUT, Arrays.copyOfRange(bytes, at, at + most), most))
                    .isEqualTo(most);
            at += most;
        }
    }

    private static byte[] drawn(RandomStream random, int bytes) {
        byte[] all = new byte[bytes];
        for (int i = 0; i < bytes; i++) {
            all[i] = (byte) random.nextLong();
        }
        return all;
    }

    private static byte[] medium(long sector, int bytes) {
        byte[] all = new byte[bytes];
        for (int at = 0; at < bytes; at += 512) {
            System.arraycopy(FakeDeviceContext.onMedium(sector + at / 512, 512), 0, all, at,
                    Math.min(512, bytes - at));
        }
        return all;
    }

    /** What a read gives is the medium's, wherever its pieces end. */
    @Seeds
    void readsAreTheMediumsInPiecesOfAnySize(long seed) {
        var random = new RandomStream(seed, "reads");
        for (int i = 0; i < 50; i++) {
            long sector = random.between(0, SECTORS - 16);
            int length = random.nextInt(8192);
            command(READ, sector, length);
            assertThat(device.in(DISK_IN, buffer, 64)).as("before the medium has it")
                    .isEqualTo(NOT_READY);
            clock.advance(MEDIUM_NANOS);
            assertThat(told).isEqualTo(DISK_IN);
            assertThat(take(random, length)).isEqualTo(medium(sector, length));
            assertThat(status()).isEqualTo("0 0");
        }
        assertThat(context.committed()).isEmpty();
    }

    /** The medium beside an array of bytes that every whole sector of a write goes to. */
    @Seeds
    void writesAreOnTheMediumInPiecesOfAnySize(long seed) {
        var random = new RandomStream(seed, "writes");
        byte[] wanted = new byte[WINDOW * 512];
        int sectors = 0;
        for (int i = 0; i < 50; i++) {
            int first = random.nextInt(WINDOW);
            byte[] bytes = drawn(random, 1 + random.nextInt((WINDOW - first) * 512));
            command(WRITE, 100 + first, bytes.length);
            give(random, bytes);
            int whole = bytes.length / 512;
            System.arraycopy(bytes, 0, wanted, first * 512, whole * 512);
            sectors += whole;
            assertThat(device.in(DISK_IN, buffer, 13)).isEqualTo(NOT_READY);
            assertThat(status()).isEqualTo("0 0");
        }
        byte[] there = new byte[WINDOW * 512];
        for (var each : context.committed()) {
            assertThat(each.medium()).isEqualTo(Medium.BLOCKS);
            System.arraycopy(each.bytes(), 0, there, (int) (each.position() - 100) * 512, 512);
        }
        assertThat(there).isEqualTo(wanted);
        assertThat(context.committed()).hasSize(sectors);
    }

    private static int available(int opcode) {
        return opcode == INQUIRY ? 36 : opcode == READ_CAPACITY ? 8 : 0;
    }

    private void readOrWrite(RandomStream random, int opcode, int length) {
        long sector = random.oneIn(3) ? SECTORS - random.nextInt(8) : random.nextInt(1000);
        boolean within = sector < SECTORS && sector + (length + 511) / 512 <= SECTORS;
        int before = context.committed().size();
        command(opcode, sector, length);
        clock.advance(MEDIUM_NANOS);
        if (within && opcode == READ) {
            assertThat(take(random, length)).isEqualTo(medium(sector, length));
        } else if (within) {
            give(random, drawn(random, length));
        } else if (length > 0 && opcode == WRITE) {
            assertThat(device.out(DISK_OUT, buffer, length)).isEqualTo(STALLS);
        }
        assertThat(status()).as("%x of %d at %x", opcode, length, sector)
                .isEqualTo(within ? "0 0" : length + " 1");
        assertThat(context.committed()).hasSize(
                before + (within && opcode == WRITE ? length / 512 : 0));
    }

    /** Commands of all kinds one after the other: none leaves anything behind for the next. */
    @Seeds(count = 20)
    void residuesAndStatusesAreThoseOfEachCommand(long seed) {
        var random = new RandomStream(seed, "commands");
        for (int i = 0; i < 100; i++) {
            int opcode = OPCODES[random.nextInt(OPCODES.length)];
            int length = random.nextInt(5) == 0 ? 0 : random.nextInt(4096);
            if (random.oneIn(8)) {
                byte[] bad = block(opcode, 0, length);
                bad[random.nextInt(4)] ^= (byte) (1 + random.nextInt(255));
                assertThat(device.out(DISK_OUT, bad, 31)).as("signature").isEqualTo(STALLS);
            } else if (opcode == READ || opcode == WRITE) {
                readOrWrite(random, opcode, length);
            } else {
                int given = Math.min(length, available(opcode));
                boolean passes = available(opcode) > 0 || opcode == TEST_UNIT_READY;
                command(opcode, random.nextLong(), length);
                clock.advance(MEDIUM_NANOS);
                take(random, given);
                assertThat(status()).as("%x of %d", opcode, length)
                        .isEqualTo(length - given + (passes ? " 0" : " 1"));
            }
        }
    }

    /** Sectors that a host sends beside those that it has announced are not written. */
    @ParameterizedTest
    @CsvSource({"512, 1024, 1", "1024, 1025, 2", "100, 512, 0", "512, 8192, 1"})
    void moreThanACommandSaysIsNotTaken(int length, int sent, int sectors) {
        command(WRITE, SECTORS - 2, length);
        assertThat(device.out(DISK_OUT, buffer, sent)).isEqualTo(STALLS);
        assertThat(context.committed()).hasSize(sectors);
        assertThat(status()).isEqualTo("0 0");
    }

    /** The medium ends with its last sector: nothing of a command that goes beyond is done. */
    @ParameterizedTest
    @CsvSource({"1, 512, 0", "1, 513, 1", "2, 1024, 0", "2, 1536, 1", "0, 0, 1", "1, 0, 0"})
    void theLastSectorIsTheLast(int beforeTheEnd, int length, int status) {
        command(READ, SECTORS - beforeTheEnd, length);
        clock.advance(MEDIUM_NANOS);
        if (status == 0 && length > 0) {
            assertThat(device.in(DISK_IN, buffer, 8192)).isEqualTo(length);
        }
        assertThat(status()).isEqualTo((status == 0 ? 0 : length) + " " + status);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 30, 32, 512})
    void noOtherLengthIsACommand(int bytes) {
        byte[] long512 = Arrays.copyOf(block(TEST_UNIT_READY, 0, 0), 512);
        assertThat(device.out(DISK_OUT, long512, bytes)).isEqualTo(STALLS);
        clock.advance(MEDIUM_NANOS);
        assertThat(device.in(DISK_IN, buffer, 13)).isEqualTo(NOT_READY);
    }

    /** In each stage: what was begun is gone, and the clock brings nothing of it back. */
    @ParameterizedTest
    @ValueSource(strings = {"medium", "data", "in", "status"})
    void aResetForgetsACommandInAnyStage(String stage) {
        command(stage.equals("data") ? WRITE : READ, 5, 1024);
        if (stage.equals("data")) {
            device.out(DISK_OUT, buffer, 700);
        } else if (!stage.equals("medium")) {
            clock.advance(MEDIUM_NANOS);
            device.in(DISK_IN, buffer, stage.equals("in") ? 700 : 1024);
        }
        int written = context.committed().size();
        told = 0;
        device.reset();
        clock.advance(10 * MEDIUM_NANOS);
        assertThat(told).isZero();
        assertThat(device.in(DISK_IN, buffer, 13)).isEqualTo(NOT_READY);
        command(WRITE, 9, 512);
        byte[] sector = drawn(new RandomStream(1, "sector"), 512);
        assertThat(device.out(DISK_OUT, sector, 512)).isEqualTo(512);
        assertThat(status()).isEqualTo("0 0");
        assertThat(context.committed()).hasSize(written + 1);
        assertThat(context.committed().get(written).bytes()).isEqualTo(sector);
    }

    @Test
    void aKeyboardAloneHasNoDisk() {
        var keyboard = new AttachedDevice(context, AttachedDevice.Kind.LOW_SPEED_KEYBOARD,
                MEDIUM_NANOS, 0, endpoint -> told = endpoint);
        assertThat(keyboard.out(DISK_OUT, block(TEST_UNIT_READY, 0, 0), 31)).isEqualTo(STALLS);
        assertThat(keyboard.in(DISK_IN, buffer, 13)).isEqualTo(STALLS);
        assertThat(keyboard.setup(0x0001_0000_0000_fea1L)).as("units").isFalse();
    }
}
