// SPDX-License-Identifier: Apache-2.0
package devices.pcie.raid;

import static devices.pcie.raid.RaidMachine.CONTROLLER;
import static devices.pcie.raid.RaidMachine.IN;
import static devices.pcie.raid.RaidMachine.OUT;
import static devices.pcie.raid.RaidMachine.VOLUME;
import static devices.pcie.raid.RaidMachine.block16;
import static devices.pcie.raid.RaidMachine.cdb;
import static devices.pcie.raid.RaidMachine.command;
import static devices.pcie.raid.RaidMachine.message;
import static org.assertj.core.api.Assertions.assertThat;

import iommu.testkit.FakeDeviceContext;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What commands and messages do, by the bytes of their formats. */
class CommandsTest {

    private static final int TAG = 0x50;
    private static final int FAILED = TAG | 2;

    private final RaidMachine machine = RaidMachine.with("mediumNanos", 1000);

    /** Returns sense key and code, "5/24"; none if the command has not ended that way. */
    private String sense() {
        byte[] error = machine.bytes(RaidMachine.errorAt(0x1000), 48);
        return error[0] != 2 ? "none" : Integer.toHexString(error[18]) + "/"
                + Integer.toHexString(error[28]);
    }

    private static String text(byte[] bytes, int from, int to) {
        return new String(Arrays.copyOfRange(bytes, from, to), StandardCharsets.US_ASCII).strip();
    }

    @Test
    void whatIsWrittenReachesTheMedium() {
        machine.fill(0x4000, 4096);
        assertThat(machine.execute(VOLUME, command(OUT), block16(0x8a, 77, 8), 0x4000, 4096))
                .isEqualTo(TAG);
        assertThat(machine.committed).hasSize(1);
        assertThat(machine.committed.get(0).position()).isEqualTo(77);
        assertThat(machine.committed.get(0).bytes()).isEqualTo(machine.bytes(0x4000, 4096));
    }

    @Test
    void whatIsReadComesFromTheMedium() {
        assertThat(machine.execute(VOLUME, command(IN), block16(0x88, 99, 2), 0x4000, 1024))
                .isEqualTo(TAG);
        assertThat(machine.bytes(0x4000, 1024)).isEqualTo(FakeDeviceContext.onMedium(99, 1024));
        assertThat(machine.committed).isEmpty();
    }

    @Test
    void theShorterCommandsDoTheSame() {
        machine.fill(0x4000, 512);
        assertThat(machine.execute(VOLUME, command(OUT), cdb(0x2a, 0, 0, 1, 2, 3, 0, 0, 1, 0),
                0x4000, 512)).isEqualTo(TAG);
        assertThat(machine.committed.get(0).position()).isEqualTo(0x10203);
        assertThat(machine.execute(VOLUME, command(IN), cdb(0x28, 0, 0, 0, 0, 9, 0, 0, 1, 0),
                0x5000, 512)).isEqualTo(TAG);
        assertThat(machine.bytes(0x5000, 512)).isEqualTo(FakeDeviceContext.onMedium(9, 512));
    }

    @Test
    void dataIsGatheredFromManyPlaces() {
        machine.fill(0x4000, 0x8000);
        long[] entries = new long[2 * 31];
        byte[] gathered = new byte[31 * 512 + 512];
        int at = 0;
        for (int i = 0; i < 31; i++) {
            int bytes = i == 0 ? 1024 : i == 1 ? 100 : i == 2 ? 924 : 496;
            bytes = i == 30 ? gathered.length - at : bytes;
            entries[2 * i] = 0x4004 + i * 0x408L;
            entries[2 * i + 1] = bytes;
            System.arraycopy(machine.bytes(entries[2 * i], bytes), 0, gathered, at, bytes);
            at += bytes;
        }
        assertThat(machine.execute(VOLUME, command(OUT), block16(0x8a, 5, 32), entries))
                .isEqualTo(TAG);
        assertThat(machine.committed.get(0).bytes()).isEqualTo(gathered);
    }

    @Test
    void theLargestCommandGoesInPiecesOverTime() {
        machine.list(0x1000, TAG, VOLUME, command(IN), block16(0x88, 0, 512), 0x40_0000, 1 << 18);
        machine.post(0x1000);
        machine.clock.advance(500_000);
        int early = machine.touching(0x40_0000, 1 << 18).size();
        machine.clock.advance(RaidMachine.SECOND);
        assertThat(early).isPositive().isLessThan(1024);
        assertThat(machine.touching(0x40_0000, 1 << 18)).hasSize(1024);
        assertThat(machine.bytes(0x40_0000, 1 << 18))
                .isEqualTo(FakeDeviceContext.onMedium(0, 1 << 18));
    }

    @Test
    void noRequestCrossesAPayloadBoundary() {
        machine.execute(VOLUME, command(IN), block16(0x88, 0, 8), 0x4044, 4096);
        assertThat(machine.root.requests()).isNotEmpty()
                .allMatch(r -> r.address() >>> 8 == r.address() + r.value() - 1 >>> 8);
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource({"0x7fffffff, 1, ok", "0x80000000, 1, 5/21", "0x7fffffff, 2, 5/21",
        "-1, 1, 5/21", "0, 513, 5/24"})
    void whatLiesBeyondTheVolumeIsRefused(String sector, int sectors, String expected) {
        int reply = machine.execute(VOLUME, command(IN),
                block16(0x88, Long.decode(sector), sectors), 0x40_0000, sectors * 512L);
        assertThat(reply == TAG ? "ok" : sense()).isEqualTo(expected);
    }

    @ParameterizedTest(name = "{0} {1}")
    @CsvSource({"0, LOGICAL VOLUME, 0x40000000", "12, SMART ARRAY, 0"})
    void inquirySaysWhoItIs(int type, String product, String lun) {
        assertThat(machine.execute(Long.decode(lun), command(IN), cdb(0x12, 0, 0, 0, 36, 0),
                0x4000, 36)).isEqualTo(TAG);
        byte[] data = machine.bytes(0x4000, 36);
        assertThat(data[0]).isEqualTo((byte) type);
        assertThat(text(data, 8, 16)).isEqualTo("HP");
        assertThat(text(data, 16, 32)).isEqualTo(product);
        assertThat(data[4]).isEqualTo((byte) 31);
    }

    @Test
    void vitalProductPagesAreListed() {
        machine.execute(VOLUME, command(IN), cdb(0x12, 1, 0, 0, 6, 0), 0x4000, 6);
        assertThat(machine.bytes(0x4000, 6)).containsExactly(0, 0, 0, 2, 0, 0x83);
        assertThat(machine.execute(VOLUME, command(IN), cdb(0x12, 1, 0x83, 0, 24, 0), 0x4000, 24))
                .isEqualTo(TAG);
        assertThat(machine.execute(VOLUME, command(IN), cdb(0x12, 1, 0xc1, 0, 64, 0), 0x4000, 64))
                .isEqualTo(FAILED);
        assertThat(sense()).isEqualTo("5/24");
    }

    @Test
    void capacityIsTheLastSectorAndTheirSize() {
        machine.execute(VOLUME, command(IN), cdb(0x25, 0, 0, 0, 0, 0, 0, 0, 0, 0), 0x4000, 8);
        ByteBuffer capacity = ByteBuffer.wrap(machine.bytes(0x4000, 8));
        assertThat(capacity.getInt()).isEqualTo(0x7fff_ffff);
        assertThat(capacity.getInt()).isEqualTo(512);
        machine.execute(VOLUME, command(IN),
                cdb(0x9e, 0x10, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 32, 0, 0), 0x4000, 32);
        assertThat(ByteBuffer.wrap(machine.bytes(0x4000, 12)).getLong()).isEqualTo(0x7fff_ffffL);
    }

    @Test
    void theControllerReportsItsLogicalVolume() {
        assertThat(machine.execute(CONTROLLER, command(IN),
                cdb(0xc2, 0, 0, 0, 0, 0, 0, 0, 0, 16, 0, 0), 0x4000, 16)).isEqualTo(TAG);
        assertThat(machine.bytes(0x4000, 16)).containsExactly(0, 0, 0, 8, 0, 0, 0, 0,
                0, 0, 0, 0x40, 0, 0, 0, 0);
        assertThat(machine.execute(CONTROLLER, command(IN),
                cdb(0xc3, 0, 0, 0, 0, 0, 0, 0, 0, 8, 0, 0), 0x4000, 8)).isEqualTo(TAG);
        assertThat(machine.bytes(0x4000, 8)).containsOnly(0);
        assertThat(machine.execute(CONTROLLER, command(IN),
                cdb(0x26, 0, 0, 0, 0, 0, 0x11, 2, 0, 0), 0x4000, 512)).isEqualTo(TAG);
        assertThat(machine.bytes(0x4000, 1)).containsExactly(1);
    }

    @ParameterizedTest
    @ValueSource(ints = {0x00, 0x35, 0x91})
    void commandsWithoutDataEnd(int operation) {
        byte[] cdb = new byte[16];
        cdb[0] = (byte) operation;
        assertThat(machine.execute(VOLUME, command(0), cdb)).isEqualTo(TAG);
    }

    @ParameterizedTest(name = "{1} to {0}")
    @CsvSource({"0x40000000, 0x5e, 5/20", "0, 0x8a, 5/20", "0, 0x25, 5/20", "0, 0x26, 5/24",
        "0x40000000, 0x9e, 5/24", "0x40000000, 0xc2, 5/20"})
    void unknownCommandsAreRefused(String lun, String operation, String expected) {
        byte[] cdb = new byte[16];
        cdb[0] = Integer.decode(operation).byteValue();
        assertThat(machine.execute(Long.decode(lun), command(IN), cdb, 0x4000, 512))
                .isEqualTo(FAILED);
        assertThat(machine.status()).isEqualTo(1);
        assertThat(sense()).isEqualTo(expected);
    }

    @Test
    void roomThatIsLeftIsToldOf() {
        assertThat(machine.execute(VOLUME, command(IN), cdb(0x12, 0, 0, 0, 36, 0), 0x4000, 96))
                .isEqualTo(FAILED);
        assertThat(machine.status()).isEqualTo(2);
        assertThat((int) (machine.memory.read64(RaidMachine.errorAt(0x1000)) >>> 32))
                .as("residual").isEqualTo(60);
        assertThat(text(machine.bytes(0x4000, 36), 8, 16)).isEqualTo("HP");
    }

    @Test
    void dataWithoutRoomIsToldOfAndNotStored() {
        assertThat(machine.execute(VOLUME, command(OUT), block16(0x8a, 0, 2), 0x4000, 512))
                .isEqualTo(FAILED);
        assertThat(machine.status()).isEqualTo(3);
        assertThat(machine.committed).isEmpty();
    }

    @Test
    void theWrongDirectionIsInvalid() {
        assertThat(machine.execute(VOLUME, command(IN), block16(0x8a, 0, 1), 0x4000, 512))
                .isEqualTo(FAILED);
        assertThat(machine.status()).isEqualTo(4);
    }

    @Test
    void aListThatGoesOnElsewhereIsInvalid() {
        machine.list(0x1000, TAG, VOLUME, command(IN), block16(0x88, 0, 1), 0x4000, 512);
        machine.memory.write(0x1002, new byte[] {2}, 0, 1);
        machine.post(0x1000);
        machine.clock.advance(RaidMachine.SECOND);
        assertThat(machine.reply()).isEqualTo(FAILED);
        assertThat(machine.status()).isEqualTo(4);
        machine.memory.write(0x1001, new byte[] {-1, -1, 0}, 0, 3);
        machine.post(0x1000);
        machine.clock.advance(RaidMachine.SECOND);
        assertThat(machine.reply()).isEqualTo(FAILED);
    }

    @Test
    void errorInformationIsNoLongerThanItsRoom() {
        machine.list(0x1000, TAG, VOLUME, command(IN), block16(0x8a, 0, 1), 0x4000, 512);
        machine.memory.write(0x1030, new byte[] {4, 0, 0, 0}, 0, 4);
        machine.memory.write64(RaidMachine.errorAt(0x1000), -1);
        machine.post(0x1000);
        machine.clock.advance(RaidMachine.SECOND);
        assertThat(machine.memory.read64(RaidMachine.errorAt(0x1000)))
                .isEqualTo(0xffff_ffff_0004_0000L);
    }

    @Test
    void aMessageThatAsksForNothingIsAnswered() {
        assertThat(machine.execute(CONTROLLER, message(), cdb(3, 0))).isEqualTo(TAG);
        assertThat(machine.execute(CONTROLLER, message(), cdb(9, 0))).isEqualTo(FAILED);
        assertThat(machine.execute(CONTROLLER, message(), cdb(1, 4))).isEqualTo(FAILED);
        assertThat(machine.status()).isEqualTo(4);
    }

    @Test
    void aMessageResetsTheController() {
        machine.list(0x1000, TAG, CONTROLLER, message(), cdb(1, 0));
        machine.post(0x1000);
        machine.clock.advance(RaidMachine.MILLI);
        assertThat(machine.scratchpad()).isZero();
        assertThat(machine.context.resets()).isEqualTo(1);
        machine.clock.advance(2 * RaidMachine.SECOND);
        assertThat(machine.reply()).isEqualTo(RaidMachine.EMPTY);
        assertThat(machine.execute(CONTROLLER, message(), cdb(3, 0))).isEqualTo(TAG);
    }
}
