// SPDX-License-Identifier: Apache-2.0
package devices.pcie.edu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import iommu.api.pcie.FunctionConfig;
import java.util.Arrays;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class EduTest {

    private static final int TO_DEVICE = 1;
    private static final int TO_MEMORY = 3;
    private static final int BUFFER = 0x40000;

    private final EduMachine machine = new EduMachine(Map.of("dma_mask", -1L));

    private long read(int offset, int bytes) {
        return machine.function.readRegister(0, offset, bytes);
    }

    private void write(int offset, int bytes, long value) {
        machine.function.writeRegister(0, offset, bytes, value);
    }

    @Test
    void firstBarHasOneMebibyte() {
        machine.function.writeConfig(0x10, 4, -1);
        assertThat(machine.function.readConfig(0x10, 4)).isEqualTo(0xfff0_0000);
    }

    @Test
    void identifiesItself() {
        assertThat(read(0x00, 4)).isEqualTo(0x0100_00edL);
    }

    @Test
    void livenessAnswersWithTheComplement() {
        write(0x04, 4, 0x1234_5678L);
        assertThat(read(0x04, 4)).isEqualTo(0xedcb_a987L);
    }

    @ParameterizedTest
    @CsvSource({"0, 1", "1, 1", "5, 120", "12, 479001600", "13, 1932053504", "34, 0",
        "4294967295, 0"})
    void factorialIsTakenModulo32Bits(long of, long expected) {
        write(0x08, 4, of);
        assertThat(read(0x08, 4)).isEqualTo(expected);
    }

    @ParameterizedTest
    @CsvSource({"0x00", "0x04", "0x08", "0x20"})
    void narrowRegistersAnswerWideReadsWithOnes(String offset) {
        assertThat(read(Integer.decode(offset), 8)).isEqualTo(-1);
    }

    @Test
    void placesWithoutRegisterReadOnes() {
        assertThat(read(0x10, 4)).isEqualTo(0xffff_ffffL);
        assertThat(read(0x84, 4)).isEqualTo(0xffff_ffffL);
        assertThat(read(BUFFER, 8)).isEqualTo(-1);
    }

    @Test
    void writeOf4BytesClearsTheUpperHalf() {
        write(0x80, 8, -1);
        write(0x80, 4, 0x77);
        assertThat(read(0x80, 8)).isEqualTo(0x77);
    }

    @Test
    void transferTakes100Milliseconds() {
        machine.clock.advance(1_500_000);
        write(0x90, 8, 8);
        write(0x88, 8, BUFFER);
        write(0x98, 8, TO_DEVICE);
        machine.clock.advance(99_400_000);
        assertThat(read(0x98, 8)).isEqualTo(TO_DEVICE);
        machine.clock.advance(100_000);
        assertThat(read(0x98, 8)).isZero();
    }

    @Test
    void runningTransferTakesNoWrites() {
        write(0x98, 8, TO_DEVICE);
        write(0x80, 8, 5);
        assertThat(read(0x80, 8)).isZero();
    }

    @Test
    void commandWithoutStartIsDropped() {
        write(0x98, 8, 6);
        assertThat(read(0x98, 8)).isZero();
    }

    @Test
    void bytesGoThroughTheBuffer() {
        for (int i = 0; i < 64; i++) {
            machine.memory.write(0x100 + i, new byte[] {(byte) i}, 0, 1);
        }
        machine.transfer(0x100, BUFFER + 0x10, 64, TO_DEVICE);
        machine.transfer(BUFFER + 0x18, 0x2000, 8, TO_MEMORY);
        assertThat(machine.bytes(0x2000, 9))
                .containsExactly(8, 9, 10, 11, 12, 13, 14, 15, 0);
    }

    @Test
    void requestsCrossNoPage() {
        machine.transfer(0xff8, BUFFER, 16, TO_DEVICE);
        assertThat(machine.root.brief()).containsExactly("read ff8 8", "read 1000 8");
    }

    @Test
    void wholeTransferIsOneRequestIfTheMachineWantsIt() {
        var whole = new EduMachine(Map.of("dma_mask", -1L, "whole_transfers", 1L));
        whole.transfer(0xff8, BUFFER, 16, TO_DEVICE);
        assertThat(whole.root.brief()).containsExactly("read ff8 16");
    }

    @Test
    void bytesOfFailedReadAreZero() {
        byte[] all = new byte[0x10000];
        Arrays.fill(all, (byte) 0x55);
        machine.memory.write(0, all, 0, all.length);
        machine.transfer(0x0, BUFFER, 16, TO_DEVICE);
        machine.transfer(0xfff8, BUFFER, 16, TO_DEVICE);
        machine.transfer(BUFFER, 0, 16, TO_MEMORY);
        assertThat(machine.bytes(0, 16)).containsExactly(0x55, 0x55, 0x55, 0x55, 0x55,
                0x55, 0x55, 0x55, 0, 0, 0, 0, 0, 0, 0, 0);
    }

    @ParameterizedTest
    @CsvSource({"0x3ffff, 1", "0x41000, 1", "0x40ff8, 8", "0x40000, 4096", "0x40000, 0",
        "0x40000, 0x7fffffffffffffff"})
    void transferThatLeavesTheBufferMovesNothing(String place, String count) {
        machine.transfer(0, Long.decode(place), Long.decode(count), TO_DEVICE);
        assertThat(machine.root.brief()).isEmpty();
        assertThat(read(0x98, 8)).isZero();
    }

    @Test
    void addressKeeps28BitsUnlessAskedOtherwise() {
        var usual = new EduMachine(Map.of());
        usual.transfer(0xffff_f000_0100L, BUFFER, 4, TO_DEVICE);
        assertThat(usual.root.brief()).containsExactly("read 100 4");
    }

    @Test
    void withoutBusMasterNothingLeaves() {
        machine.function.writeConfig(4, 2, 2);
        machine.transfer(0x100, BUFFER, 4, TO_DEVICE);
        assertThat(machine.root.brief()).isEmpty();
    }

    @Test
    void transferCanEndWithMessage() {
        machine.function.writeConfig(EduMachine.MSI + 4, 4, 0x4000);
        machine.function.writeConfig(EduMachine.MSI + 12, 2, 0x1234);
        machine.function.writeConfig(EduMachine.MSI + 2, 2, 1);
        machine.transfer(0x100, BUFFER, 4, 5);
        assertThat(read(0x24, 4)).isEqualTo(0x100);
        assertThat(machine.root.brief()).containsExactly("read 100 4", "write 4000 4");
        assertThat(machine.bytes(0x4000, 4))
                .containsExactly(0x34, 0x12, 0, 0);
    }

    @Test
    void factorialRaisesItsInterruptIfAskedTo() {
        write(0x08, 4, 3);
        assertThat(read(0x24, 4)).isZero();
        write(0x20, 4, 0xff);
        write(0x08, 4, 3);
        assertThat(read(0x20, 4)).isEqualTo(0x80);
        assertThat(read(0x24, 4)).isEqualTo(1);
    }

    @Test
    void interruptsAreRaisedAndAcknowledgedByBits() {
        write(0x60, 4, 0xf0);
        write(0x64, 4, 0x30);
        assertThat(read(0x24, 4)).isEqualTo(0xc0);
    }

    @Test
    void withoutMessagesThePinIsAssertedUntilAllIsAcknowledged() {
        write(0x60, 4, 0x30);
        write(0x64, 4, 0x10);
        assertThat(machine.root.pins()).containsExactly("28 INTA asserted");
        assertThat(machine.function.readConfig(6, 2) & 8).isEqualTo(8);
        write(0x64, 4, 0x20);
        assertThat(machine.root.pins()).containsExactly("28 INTA asserted", "28 INTA deasserted");
        assertThat(machine.function.readConfig(6, 2) & 8).isZero();
    }

    @ParameterizedTest
    @CsvSource({"0, 1", "0, 2", "0x80, 1", "0x98, 2"})
    void narrowAccessesReadOnesAndChangeNothing(String offset, int bytes) {
        int at = Integer.decode(offset);
        write(at, bytes, 1);
        assertThat(read(at, bytes)).isEqualTo((1L << 8 * bytes) - 1);
        assertThat(machine.runs()).isFalse();
    }

    @Test
    void resetEndsTheTransfer() {
        write(0x88, 8, BUFFER);
        write(0x90, 8, 4);
        write(0x98, 8, TO_DEVICE);
        assertThat(machine.runs()).isTrue();
        machine.device.reset();
        machine.clock.advance(200_000_000);
        assertThat(machine.root.brief()).isEmpty();
        assertThat(machine.runs()).isFalse();
        assertThat(machine.context.resets()).isEqualTo(1);
    }

    @Test
    void sitsNowhereUnasked() {
        byte[] config = new byte[64];
        config[0] = 0x34;
        config[1] = 0x12;
        config[2] = (byte) 0xe8;
        config[3] = 0x11;
        assertThat(new EduModel().accepts(new FunctionConfig(0x630, config))).isFalse();
    }

    @Test
    void hasNoDriver() {
        assertThatThrownBy(() -> new EduModel().driver(null))
                .isInstanceOf(UnsupportedOperationException.class);
    }
}
