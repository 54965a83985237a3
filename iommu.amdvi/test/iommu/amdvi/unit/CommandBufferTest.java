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

    private final Fixture fixture = Fixture.on();

    private boolean running(Fixture of) {
        return Status.CMD_BUF_RUN.isSet(of.read(AmdViRegisters.STATUS));
    }

    @Test
    void theUnitRunsToTheTailAndStoresCompletions() {
        assertThat(running(fixture)).isTrue();
        assertThat(fixture.complete(0x1234_5678_9abc_def0L)).isEqualTo(0x1234_5678_9abc_def0L);
        assertThat(fixture.read(AmdViRegisters.CMD_HEAD)).isEqualTo(16);
        assertThat(fixture.read(AmdViRegisters.CMD_TAIL)).isEqualTo(16);
    }

    @Test
    void theBufferIsARing() {
        for (int i = 0; i < 600; i++) {
            assertThat(fixture.complete(i + 1)).isEqualTo(i + 1);
        }
        assertThat(fixture.read(AmdViRegisters.CMD_HEAD)).isEqualTo(600 * 16 % 4096);
    }

    @Test
    void severalCommandsAreDoneForOneWriteOfTheTail() {
        for (int i = 0; i < 3; i++) {
            fixture.memory.write64(fixture.commands + 16 * i,
                    Fixture.opcode(Command.COMPLETION_WAIT, fixture.store + 8 * i | 1));
            fixture.memory.write64(fixture.commands + 16 * i + 8, 100 + i);
        }
        fixture.write(AmdViRegisters.CMD_TAIL, 48);
        for (int i = 0; i < 3; i++) {
            assertThat(fixture.memory.read64(fixture.store + 8 * i)).isEqualTo(100 + i);
        }
    }

    @Test
    void aCompletionWithoutSStoresNothing() {
        fixture.command(Fixture.opcode(Command.COMPLETION_WAIT, fixture.store), 7);
        assertThat(fixture.memory.read64(fixture.store)).isZero();
        assertThat(fixture.read(AmdViRegisters.CMD_HEAD)).isEqualTo(16);
    }

    @Test
    void aCompletionMayInterrupt() {
        fixture.command(Fixture.opcode(Command.COMPLETION_WAIT, Command.I.mask()), 0);
        assertThat(Status.COM_WAIT_INT.isSet(fixture.read(AmdViRegisters.STATUS))).isTrue();
        assertThat(fixture.interrupts).as("ComWaitIntEn is 0").isZero();
        fixture.write(AmdViRegisters.STATUS, Status.COM_WAIT_INT.mask());
        fixture.control(Fixture.RUNNING | Control.COM_WAIT_INT_EN.mask());
        fixture.command(Fixture.opcode(Command.COMPLETION_WAIT, Command.I.mask()), 0);
        fixture.command(Fixture.opcode(Command.COMPLETION_WAIT, Command.I.mask()), 0);
        assertThat(fixture.interrupts).as("once until software clears the bit").isEqualTo(1);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 9, 10, 15})
    void anUnknownCommandIsLoggedAndStopsTheBuffer(int opcode) {
        fixture.complete(1);
        fixture.command(Fixture.opcode(opcode, 0), 0);
        assertThat(running(fixture)).isFalse();
        assertThat(fixture.read(AmdViRegisters.CMD_HEAD)).as("at the bad one").isEqualTo(16);
        assertThat(Event.CODE.of(fixture.eventLow(0)))
                .isEqualTo(EventCode.ILLEGAL_COMMAND_ERROR.number());
        assertThat(fixture.eventHigh(0)).isEqualTo(fixture.commands + 16);
        assertThat(fixture.complete(2)).as("nothing more is fetched").isEqualTo(1);
    }

    @Test
    void softwareRestartsTheBufferBySwitchingItOffAndOn() {
        fixture.command(Fixture.opcode(0xf, 0), 0);
        fixture.control(Fixture.RUNNING);
        assertThat(running(fixture)).as("no change of the bit").isFalse();
        fixture.memory.write64(fixture.commands, Fixture.opcode(Command.COMPLETION_WAIT,
                fixture.store | 1));
        fixture.memory.write64(fixture.commands + 8, 5);
        fixture.control(Fixture.RUNNING & ~Control.CMD_BUF_EN.mask());
        fixture.control(Fixture.RUNNING);
        assertThat(running(fixture)).isTrue();
        assertThat(fixture.memory.read64(fixture.store)).isEqualTo(5);
    }

    /** Opcode, a reserved bit of the low quadword or of the high one. */
    @ParameterizedTest
    @CsvSource({"1, 52", "1, 59", "2, 16", "2, 59", "2, 64", "2, 127", "3, 20", "3, 48", "3, 67",
        "3, 75", "4, 65", "4, 67", "4, 70", "4, 75", "5, 16", "5, 64", "6, 16", "6, 52", "6, 65",
        "6, 67", "6, 69", "7, 16", "7, 52", "7, 64", "7, 67", "7, 112", "8, 0", "8, 127"})
    void reservedBitsOfCommandsAreIllegal(int opcode, int bit) {
        fixture.command(Fixture.opcode(opcode, bit < 64 ? 1L << bit : 0), bit < 64 ? 0 : 1L << bit);
        assertThat(running(fixture)).isFalse();
        assertThat(Event.CODE.of(fixture.eventLow(0)))
                .isEqualTo(EventCode.ILLEGAL_COMMAND_ERROR.number());
    }

    @ParameterizedTest
    @CsvSource({"1, 51", "2, 15", "3, 66", "4, 66", "4, 68", "4, 69", "5, 0", "6, 66", "7, 66",
        "7, 96"})
    void otherBitsOfCommandsAreTaken(int opcode, int bit) {
        fixture.command(Fixture.opcode(opcode, bit < 64 ? 1L << bit : 0), bit < 64 ? 0 : 1L << bit);
        assertThat(running(fixture)).isTrue();
    }

    @ParameterizedTest
    @CsvSource({"6, 0", "7, 1", "8, 6"})
    void someCommandsNeedAFeature(int opcode, int feature) {
        fixture.command(Fixture.opcode(opcode, 0), 0);
        assertThat(running(fixture)).isTrue();
        var without = Fixture.off(Fixture.FEATURES & ~(1L << feature), Map.of());
        without.control(Fixture.RUNNING);
        without.command(Fixture.opcode(opcode, 0), 0);
        assertThat(running(without)).isFalse();
    }

    @Test
    void commandsForDevicesIotlbsAreTaken() {
        fixture.command(Fixture.opcode(Command.INVALIDATE_IOTLB_PAGES, Fixture.DEVICE), 1);
        assertThat(running(fixture)).isTrue();
        assertThat(fixture.read(AmdViRegisters.CMD_HEAD)).isEqualTo(16);
    }

    @Test
    void aStoreOrABufferOutsideMemoryIsAHardwareError() {
        fixture.command(Fixture.opcode(Command.COMPLETION_WAIT, Fixture.OUTSIDE | 1), 7);
        assertThat(running(fixture)).isFalse();
        assertThat(Event.CODE.of(fixture.eventLow(0)))
                .isEqualTo(EventCode.COMMAND_HARDWARE_ERROR.number());
        assertThat(fixture.eventHigh(0)).isEqualTo(Fixture.OUTSIDE);
        var lost = Fixture.on();
        lost.write(AmdViRegisters.CMD_BUF, Fixture.OUTSIDE | 8L << 56);
        lost.write(AmdViRegisters.CMD_TAIL, 16);
        assertThat(running(lost)).isFalse();
        assertThat(Event.CODE.of(lost.eventLow(0)))
                .isEqualTo(EventCode.COMMAND_HARDWARE_ERROR.number());
    }

    @Test
    void aTailBeyondTheBufferEndsInAnErrorNotInALoop() {
        fixture.write(AmdViRegisters.CMD_TAIL, 0x7_fff0);
        assertThat(running(fixture)).isFalse();
    }

    @Test
    void softwareMayMoveTheHeadWhileTheBufferIsOff() {
        fixture.complete(1);
        fixture.control(Fixture.RUNNING & ~Control.CMD_BUF_EN.mask());
        fixture.write(AmdViRegisters.CMD_HEAD, 0);
        fixture.write(AmdViRegisters.CMD_TAIL, 0);
        fixture.control(Fixture.RUNNING);
        assertThat(fixture.complete(9)).isEqualTo(9);
        assertThat(fixture.read(AmdViRegisters.CMD_HEAD)).isEqualTo(16);
    }

    @Test
    void invalidationsThatMeetNothingAreNotTold() {
        fixture.invalidateDomain(5);
        fixture.invalidateEntry(Fixture.DEVICE);
        fixture.command(Fixture.opcode(Command.INVALIDATE_INTERRUPT_TABLE, Fixture.DEVICE), 0);
        assertThat(fixture.invalidated).isEmpty();
        fixture.map(fixture.domain(Fixture.DEVICE, 5, 3), 0x7000, 0x20_0000, 3);
        fixture.read(0x7000);
        fixture.invalidateEntry(Fixture.DEVICE);
        fixture.invalidatePages(5, 0x7000);
        fixture.invalidateDomain(5);
        assertThat(fixture.invalidated).containsExactly("device table entry, device 0x28",
                "pages, domain 0x5, address 0x7000, 2^12 bytes",
                "pages, domain 0x5, all, directories");
    }
}
