// SPDX-License-Identifier: Apache-2.0
package devices.pcie.raid;

import static devices.pcie.raid.RaidMachine.MILLI;
import static devices.pcie.raid.RaidMachine.SECOND;
import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** How a driver finds the board, and how long it waits for what. */
class BoardTest {

    private RaidMachine machine = RaidMachine.with();
    private Board board = new Board(machine.port);

    private void board(Object... options) {
        machine = RaidMachine.with(options);
        board = new Board(machine.port);
    }

    @Test
    void aBoardThatIsReadyIsNotWaitedFor() {
        assertThat(board.waitForState(true)).isTrue();
        assertThat(machine.clock.nanos()).isZero();
    }

    @Test
    void readinessIsWaitedForFor120Seconds() {
        board("resetNanos", 300 * SECOND);
        machine.device.reset();
        assertThat(board.waitForState(true)).isFalse();
        assertThat(machine.clock.nanos()).isEqualTo(120 * SECOND);
    }

    @Test
    void itsEndIsWaitedForFor100Seconds() {
        assertThat(board.waitForState(false)).isFalse();
        assertThat(machine.clock.nanos()).isEqualTo(100 * SECOND);
        machine.device.reset();
        assertThat(board.waitForState(false)).isTrue();
        assertThat(board.waitForState(true)).isTrue();
        assertThat(machine.clock.nanos()).isBetween(101_400 * MILLI, 101_600 * MILLI);
    }

    @Test
    void oneThatIsNotThereIsNeverReady() {
        machine.function.device(null);
        assertThat(board.hasTable()).isFalse();
        assertThat(board.waitForState(true)).isFalse();
    }

    @Test
    void aResetErasesTheVersionOfTheDriver() {
        assertThat(board.holdsVersion()).isFalse();
        board.writeVersion();
        assertThat(board.holdsVersion()).isTrue();
        assertThat(machine.read(0x47c)).as("HPSA").isEqualTo(0x41535048);
        assertThat(board.canReset()).isTrue();
        board.reset();
        assertThat(board.holdsVersion()).isFalse();
        assertThat(machine.clock.nanos()).isEqualTo(13 * SECOND);
    }

    @Test
    void theFunctionIsSwitchedBitByBit() {
        machine.function.writeConfig(4, 2, 0x0400);
        board.enable();
        assertThat(machine.function.readConfig(4, 2)).isEqualTo(0x0402);
        board.master();
        assertThat(machine.function.readConfig(4, 2)).isEqualTo(0x0406);
        board.disable();
        assertThat(machine.function.readConfig(4, 2)).isEqualTo(0x0402);
    }

    @Test
    void theSimpleMethodIsEnteredAndWaitedFor() {
        assertThat(board.enterSimple(7)).isTrue();
        assertThat(machine.clock.nanos()).isEqualTo(10 * MILLI);
        assertThat(machine.read(0x414)).isEqualTo(7);
    }

    @Test
    void aChangeThatIsNotAcknowledgedIsGivenUpAfter20Seconds() {
        board("resetNanos", 100 * SECOND);
        board.askForSimple(0);
        machine.device.reset();
        machine.function.device(null);
        assertThat(board.enterSimple(0)).isFalse();
        assertThat(machine.clock.nanos()).isBetween(19 * SECOND, 21 * SECOND);
    }

    @Test
    void repliesAreDiscardedUntilThereIsNone() {
        for (int i = 0; i < 30; i++) {
            machine.list(0x2_0000 + i * 0x80L, i << 4, 0, RaidMachine.message(),
                    RaidMachine.cdb(3, 0));
            machine.post(0x2_0000 + i * 0x80L);
        }
        machine.clock.advance(SECOND);
        board.discardReplies();
        assertThat(board.reply()).isEqualTo(-1);
        machine.function.device(null);
        board.discardReplies();
    }

    @Test
    void aHeartThatBeatsIsNoLockup() {
        board.noteHeartbeat();
        machine.clock.advance(30 * SECOND);
        assertThat(board.lockup(30)).isNull();
        board.noteHeartbeat();
        assertThat(board.lockup(30)).isEqualTo("Controller lockup detected: 0xffff0000 after 30");
    }
}
