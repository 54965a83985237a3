// SPDX-License-Identifier: Apache-2.0
package iommu.amdvi.unit;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.amdvi.AmdViRegisters;
import iommu.amdvi.Command;
import iommu.amdvi.Control;
import iommu.amdvi.Event;
import iommu.amdvi.EventCode;
import iommu.amdvi.Status;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Fetching, completion and errors of the command buffer. */
class CommandBufferTest {

    private final Bench bench = Bench.on();

    private boolean running(Bench of) {
        return Status.CMD_BUF_RUN.isSet(of.read(AmdViRegisters.STATUS));
    }

    @Test
    void theUnitRunsToTheTailAndStoresCompletions() {
        assertThat(running(bench)).isTrue();
        assertThat(bench.complete(0x1234_5678_9abc_def0L)).isEqualTo(0x1234_5678_9abc_def0L);
        assertThat(bench.read(AmdViRegisters.CMD_HEAD)).isEqualTo(16);
        assertThat(bench.read(AmdViRegisters.CMD_TAIL)).isEqualTo(16);
    }

    @Test
    void theBufferIsARing() {
        for (int i = 0; i < 600; i++) {
            assertThat(bench.complete(i + 1)).isEqualTo(i + 1);
        }
        assertThat(bench.read(AmdViRegisters.CMD_HEAD)).isEqualTo(600 * 16 % 4096);
    }

    @Test
    void severalCommandsAreDoneForOneWriteOfTheTail() {
        for (int i = 0; i < 3; i++) {
            bench.memory.write64(bench.commands + 16 * i,
                    Bench.opcode(Command.COMPLETION_WAIT, bench.store + 8 * i | 1));
            bench.memory.write64(bench.commands + 16 * i + 8, 100 + i);
        }
        bench.write(AmdViRegisters.CMD_TAIL, 48);
        for (int i = 0; i < 3; i++) {
            assertThat(bench.memory.read64(bench.store + 8 * i)).isEqualTo(100 + i);
        }
    }

    @Test
    void aCompletionWithoutSStoresNothing() {
        bench.command(Bench.opcode(Command.COMPLETION_WAIT, bench.store), 7);
        assertThat(bench.memory.read64(bench.store)).isZero();
        assertThat(bench.read(AmdViRegisters.CMD_HEAD)).isEqualTo(16);
    }

    @Test
    void aCompletionMayInterrupt() {
        bench.command(Bench.opcode(Command.COMPLETION_WAIT, Command.I.mask()), 0);
        assertThat(Status.COM_WAIT_INT.isSet(bench.read(AmdViRegisters.STATUS))).isTrue();
        assertThat(bench.interrupts).as("ComWaitIntEn is 0").isZero();
        bench.write(AmdViRegisters.STATUS, Status.COM_WAIT_INT.mask());
        bench.control(Bench.RUNNING | Control.COM_WAIT_INT_EN.mask());
        bench.command(Bench.opcode(Command.COMPLETION_WAIT, Command.I.mask()), 0);
        bench.command(Bench.opcode(Command.COMPLETION_WAIT, Command.I.mask()), 0);
        assertThat(bench.interrupts).as("once until software clears the bit").isEqualTo(1);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 9, 10, 15})
    void anUnknownCommandIsLoggedAndStopsTheBuffer(int opcode) {
        bench.complete(1);
        bench.command(Bench.opcode(opcode, 0), 0);
        assertThat(running(bench)).isFalse();
        assertThat(bench.read(AmdViRegisters.CMD_HEAD)).as("at the bad one").isEqualTo(16);
        assertThat(Event.CODE.of(bench.eventLow(0)))
                .isEqualTo(EventCode.ILLEGAL_COMMAND_ERROR.number());
        assertThat(bench.eventHigh(0)).isEqualTo(bench.commands + 16);
        assertThat(bench.complete(2)).as("nothing more is fetched").isEqualTo(1);
    }

    @Test
    void softwareRestartsTheBufferBySwitchingItOffAndOn() {
        bench.command(Bench.opcode(0xf, 0), 0);
        bench.control(Bench.RUNNING);
        assertThat(running(bench)).as("no change of the bit").isFalse();
        bench.memory.write64(bench.commands, Bench.opcode(Command.COMPLETION_WAIT,
                bench.store | 1));
        bench.memory.write64(bench.commands + 8, 5);
        bench.control(Bench.RUNNING & ~Control.CMD_BUF_EN.mask());
        bench.control(Bench.RUNNING);
        assertThat(running(bench)).isTrue();
        assertThat(bench.memory.read64(bench.store)).isEqualTo(5);
    }

    /** Opcode, a reserved bit of the low quadword or of the high one. */
    @ParameterizedTest
    @CsvSource({"1, 52", "1, 59", "2, 16", "2, 59", "2, 64", "2, 127", "3, 20", "3, 48", "3, 67",
        "3, 75", "4, 65", "4, 67", "4, 70", "4, 75", "5, 16", "5, 64", "6, 16", "6, 52", "6, 65",
        "6, 67", "6, 69", "7, 16", "7, 52", "7, 64", "7, 67", "7, 112", "8, 0", "8, 127"})
    void reservedBitsOfCommandsAreIllegal(int opcode, int bit) {
        bench.command(Bench.opcode(opcode, bit < 64 ? 1L << bit : 0), bit < 64 ? 0 : 1L << bit);
        assertThat(running(bench)).isFalse();
        assertThat(Event.CODE.of(bench.eventLow(0)))
                .isEqualTo(EventCode.ILLEGAL_COMMAND_ERROR.number());
    }

    @ParameterizedTest
    @CsvSource({"1, 51", "2, 15", "3, 66", "4, 66", "4, 68", "4, 69", "5, 0", "6, 66", "7, 66",
        "7, 96"})
    void otherBitsOfCommandsAreTaken(int opcode, int bit) {
        bench.command(Bench.opcode(opcode, bit < 64 ? 1L << bit : 0), bit < 64 ? 0 : 1L << bit);
        assertThat(running(bench)).isTrue();
    }

    @ParameterizedTest
    @CsvSource({"6, 0", "7, 1", "8, 6"})
    void someCommandsNeedAFeature(int opcode, int feature) {
        bench.command(Bench.opcode(opcode, 0), 0);
        assertThat(running(bench)).isTrue();
        var without = Bench.off(Bench.FEATURES & ~(1L << feature), Map.of());
        without.control(Bench.RUNNING);
        without.command(Bench.opcode(opcode, 0), 0);
        assertThat(running(without)).isFalse();
    }

    @Test
    void commandsForDevicesIotlbsAreTaken() {
        bench.command(Bench.opcode(Command.INVALIDATE_IOTLB_PAGES, Bench.DEVICE), 1);
        assertThat(running(bench)).isTrue();
        assertThat(bench.read(AmdViRegisters.CMD_HEAD)).isEqualTo(16);
    }

    @Test
    void aStoreOrABufferOutsideMemoryIsAHardwareError() {
        bench.command(Bench.opcode(Command.COMPLETION_WAIT, Bench.OUTSIDE | 1), 7);
        assertThat(running(bench)).isFalse();
        assertThat(Event.CODE.of(bench.eventLow(0)))
                .isEqualTo(EventCode.COMMAND_HARDWARE_ERROR.number());
        assertThat(bench.eventHigh(0)).isEqualTo(Bench.OUTSIDE);
        var lost = Bench.on();
        lost.write(AmdViRegisters.CMD_BUF, Bench.OUTSIDE | 8L << 56);
        lost.write(AmdViRegisters.CMD_TAIL, 16);
        assertThat(running(lost)).isFalse();
        assertThat(Event.CODE.of(lost.eventLow(0)))
                .isEqualTo(EventCode.COMMAND_HARDWARE_ERROR.number());
    }

    @Test
    void aTailBeyondTheBufferEndsInAnErrorNotInALoop() {
        bench.write(AmdViRegisters.CMD_TAIL, 0x7_fff0);
        assertThat(running(bench)).isFalse();
    }

    @Test
    void softwareMayMoveTheHeadWhileTheBufferIsOff() {
        bench.complete(1);
        bench.control(Bench.RUNNING & ~Control.CMD_BUF_EN.mask());
        bench.write(AmdViRegisters.CMD_HEAD, 0);
        bench.write(AmdViRegisters.CMD_TAIL, 0);
        bench.control(Bench.RUNNING);
        assertThat(bench.complete(9)).isEqualTo(9);
        assertThat(bench.read(AmdViRegisters.CMD_HEAD)).isEqualTo(16);
    }

    @Test
    void invalidationsThatMeetNothingAreNotTold() {
        bench.invalidateDomain(5);
        bench.invalidateEntry(Bench.DEVICE);
        bench.command(Bench.opcode(Command.INVALIDATE_INTERRUPT_TABLE, Bench.DEVICE), 0);
        assertThat(bench.invalidated).isEmpty();
        bench.map(bench.domain(Bench.DEVICE, 5, 3), 0x7000, 0x20_0000, 3);
        bench.read(0x7000);
        bench.invalidateEntry(Bench.DEVICE);
        bench.invalidatePages(5, 0x7000);
        bench.invalidateDomain(5);
        assertThat(bench.invalidated).containsExactly("device table entry, device 0x28",
                "pages, domain 0x5, address 0x7000, 2^12 bytes",
                "pages, domain 0x5, all, directories");
    }
}
