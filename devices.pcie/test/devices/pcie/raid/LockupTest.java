// SPDX-License-Identifier: Apache-2.0
package devices.pcie.raid;

import static devices.pcie.raid.RaidMachine.MILLI;
import static devices.pcie.raid.RaidMachine.SECOND;
import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.memory.AddressRange;
import iommu.api.pcie.CompletionStatus;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Aborted reads: of controllers that lock up, and of those that do not. */
class LockupTest {

    private static final AddressRange BUFFER = new AddressRange(0x4000, 0x5000);
    private static final AddressRange LIST = new AddressRange(0x1000, 0x1100);
    private static final AddressRange NOWHERE = new AddressRange(0xff_f000, 0xff_f001);

    private RaidMachine machine;

    @BeforeEach
    void aControllerAsItIs() {
        machine = RaidMachine.with();
    }

    private void abort(AddressRange range) {
        machine.root.refuse(range);
        machine.postWrite(0x1000, 0x10, 0, 1, 0x4000);
        machine.clock.advance(SECOND);
        machine.root.refuse(NOWHERE);
    }

    private HpsaDriver driver() {
        return new HpsaDriver(machine.port);
    }

    @Test
    void anAbortedDataReadLocksTheFirmwareUp() {
        abort(BUFFER);
        assertThat(machine.scratchpad()).isEqualTo(0x0013_0000);
        assertThat(machine.reply()).isEqualTo(RaidMachine.EMPTY);
        assertThat(machine.committed).isEmpty();
        int beat = machine.read(0x43c);
        machine.clock.advance(30 * SECOND);
        assertThat(machine.read(0x43c)).isEqualTo(beat);
    }

    @Test
    void anAbortedFetchLocksTheFirmwareUp() {
        abort(LIST);
        assertThat(machine.scratchpad()).isEqualTo(0x0013_0000);
    }

    @Test
    void registersKeepWhatTheyHoldAndNothingIsFetched() {
        machine.write(0x47c, 0x41);
        abort(BUFFER);
        int seen = machine.root.requests().size();
        machine.write(0x47c, 0x42);
        machine.write(0x20, 0x20);
        machine.postWrite(0x2000, 0x20, 0, 1, 0x6000);
        machine.clock.advance(10 * SECOND);
        assertThat(machine.read(0x47c)).isEqualTo(0x41);
        assertThat(machine.read(0x20)).isZero();
        assertThat(machine.scratchpad()).as("the doorbell is ignored").isEqualTo(0x0013_0000);
        assertThat(machine.root.requests()).hasSize(seen);
        assertThat(machine.context.resets()).isZero();
    }

    @Test
    void whatIsHeldIsNotWorkedOffAnyMore() {
        for (int i = 0; i < 20; i++) {
            machine.postWrite(0x2_0000 + i * 96L, i << 4, 0, 1, i == 5 ? 0x4000 : 0x6000);
        }
        machine.root.refuse(BUFFER);
        machine.clock.advance(10 * SECOND);
        assertThat(machine.committed).hasSize(5);
    }

    @Test
    void probeGivesUpAfterMoreThanTwoMinutes() {
        abort(BUFFER);
        long before = machine.clock.nanos();
        assertThat(driver().probe())
                .isEqualTo("failed waiting for board to become ready after hard reset");
        assertThat(machine.clock.nanos() - before).isBetween(132 * SECOND, 134 * SECOND);
        assertThat(machine.function.busMaster()).isFalse();
    }

    @Test
    void aKernelWithoutResetDevicesTakesTheBoardAsItIs() {
        machine.port.resetsDevices(false);
        assertThat(driver().probe()).as("a board that is well needs no reset").isNull();
        assertThat(machine.context.resets()).isZero();

        machine = RaidMachine.with();
        machine.port.resetsDevices(false);
        abort(BUFFER);
        assertThat(driver().probe()).isEqualTo("board not ready, timed out.");
    }

    @Test
    void aResetOfTheFunctionBringsItBack() {
        abort(BUFFER);
        machine.device.reset();
        assertThat(machine.scratchpad()).isZero();
        machine.clock.advance(1500 * MILLI);
        assertThat(machine.scratchpad()).isEqualTo(0xffff_0000);
        assertThat(driver().probe()).isNull();
    }

    @Test
    void aDriverWhoseCommandIsAbortedNoticesTheLockup() {
        HpsaDriver driver = driver();
        assertThat(driver.probe()).isNull();
        machine.root.refuse(BUFFER);
        assertThat(driver.write(0x4000, 4096, 0))
                .isEqualTo("Controller lockup detected: 0x00130000 after 30");
        machine.root.refuse(NOWHERE);
        assertThat(driver.write(0x6000, 4096, 0))
                .isEqualTo("Controller lockup detected: 0x00130000 after 30");
    }

    @Test
    void probeOfOneThatReachesNoMemoryTakesTwentyMinutes() {
        machine.root.answer(CompletionStatus.UNSUPPORTED_REQUEST);
        assertThat(driver().probe()).isEqualTo("board not ready, timed out.");
        assertThat(machine.clock.nanos()).isGreaterThan(1200 * SECOND);
    }

    // ---- one that does not lock up --------------------------------------------------------------

    @Test
    void anAbortedDataReadIsAHardwareError() {
        machine = RaidMachine.with("wedgesOnAbort", 0);
        abort(BUFFER);
        assertThat(machine.scratchpad()).isEqualTo(0xffff_0000);
        assertThat(machine.reply()).isEqualTo(0x12);
        assertThat(machine.status()).isEqualTo(6);
        assertThat(machine.committed).isEmpty();
        machine.postWrite(0x2000, 0x20, 0, 1, 0x6000);
        machine.clock.advance(SECOND);
        assertThat(machine.reply()).isEqualTo(0x20);
        assertThat(machine.committed).hasSize(1);
    }

    @Test
    void aCommandListThatCannotBeReadIsLost() {
        machine = RaidMachine.with("wedgesOnAbort", 0);
        abort(LIST);
        assertThat(machine.reply()).isEqualTo(RaidMachine.EMPTY);
        machine.postWrite(0x2000, 0x20, 0, 1, 0x6000);
        machine.clock.advance(SECOND);
        assertThat(machine.reply()).isEqualTo(0x20);
    }

    @Test
    void itsDriverIsToldOfTheErrorAndGoesOn() {
        machine = RaidMachine.with("wedgesOnAbort", 0);
        HpsaDriver driver = driver();
        assertThat(driver.probe()).isNull();
        machine.root.refuse(BUFFER);
        assertThat(driver.write(0x4000, 4096, 0)).isEqualTo("I/O error, had hardware error");
        machine.root.refuse(NOWHERE);
        assertThat(driver.write(0x4000, 4096, 0)).isNull();
    }
}
