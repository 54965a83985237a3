// SPDX-License-Identifier: Apache-2.0
package devices.pcie.raid;

import static devices.pcie.raid.RaidMachine.EMPTY;
import static devices.pcie.raid.RaidMachine.MILLI;
import static devices.pcie.raid.RaidMachine.SECOND;
import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Registers, the configuration table, doorbells and interrupts. */
class ControllerTest {

    private static final int READY = 0xffff_0000;

    private RaidMachine machine = RaidMachine.with();

    @ParameterizedTest(name = "{0}")
    @CsvSource({"0x20, 0", "0x30, 0", "0x34, 8", "0x44, -1", "0xb0, -65536", "0xb4, 0x10",
        "0xb8, 0x400", "0x400, 0x53534943", "0x408, 2", "0x40c, 3", "0x410, 0", "0x420, 1020",
        "0x444, 31", "0x478, 0x12", "0x47c, 0", "0x800, 0"})
    void registersHoldThisFromTheBeginning(String offset, String value) {
        assertThat(machine.read(Integer.decode(offset))).isEqualTo(Integer.decode(value));
    }

    @Test
    void beyondTheBarNobodyAnswers() {
        assertThat(machine.read(0x1000)).isEqualTo(-1);
    }

    @Test
    void theHeartBeats() {
        int before = machine.read(0x43c);
        machine.clock.advance(30 * SECOND);
        assertThat(machine.read(0x43c)).isEqualTo(before + 60);
    }

    @Test
    void aChangeOfTheTransportTakesItsTime() {
        machine.write(0x410, 2);
        machine.write(0x414, 1);
        machine.write(0x20, 1);
        assertThat(machine.read(0x20)).isEqualTo(1);
        machine.clock.advance(10 * MILLI);
        assertThat(machine.read(0x20)).isZero();
        assertThat(machine.read(0x40c)).isEqualTo(3);
        machine.post(0x1000);
        machine.clock.advance(MILLI);
        assertThat(machine.root.brief()).containsExactly("read 100001000 52");
    }

    @Test
    void anUnknownTransportTakesNoCommands() {
        machine.write(0x410, 4);
        machine.write(0x20, 1);
        machine.clock.advance(10 * MILLI);
        assertThat(machine.read(0x40c)).isZero();
        machine.post(0x1000);
        machine.clock.advance(SECOND);
        assertThat(machine.root.requests()).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(ints = {0x04, 0x20})
    void aResetByDoorbellTakesItsTimeAndErasesTheTable(int doorbell) {
        machine.write(0x47c, 0x41);
        machine.write(0x414, 1);
        machine.write(0x34, 0);
        machine.write(0x20, doorbell);
        assertThat(machine.scratchpad()).isZero();
        assertThat(machine.context.resets()).isEqualTo(1);
        machine.clock.advance(1499 * MILLI);
        assertThat(machine.scratchpad()).isZero();
        machine.clock.advance(2 * MILLI);
        assertThat(machine.scratchpad()).isEqualTo(READY);
        assertThat(machine.read(0x47c)).isZero();
        assertThat(machine.read(0x414)).isZero();
        assertThat(machine.read(0x34)).isEqualTo(8);
    }

    @Test
    void howLongAResetTakesCanBeAsked() {
        machine = RaidMachine.with("resetNanos", 7 * MILLI);
        machine.write(0x20, 4);
        machine.clock.advance(6 * MILLI);
        assertThat(machine.scratchpad()).isZero();
        machine.clock.advance(MILLI);
        assertThat(machine.scratchpad()).isEqualTo(READY);
    }

    @Test
    void whileItComesUpItTakesNothing() {
        machine.write(0x20, 4);
        machine.write(0x414, 1);
        machine.postRead(0x1000, 0x10, 0, 1, 0x4000);
        machine.clock.advance(2 * SECOND);
        assertThat(machine.root.requests()).isEmpty();
        assertThat(machine.read(0x414)).isZero();
    }

    @Test
    void oneThatIgnoresResetsGoesOn() {
        machine = RaidMachine.with("ignoresReset", 1);
        machine.write(0x47c, 0x41);
        machine.postRead(0x1000, 0x10, 0, 1, 0x4000);
        machine.write(0x20, 4);
        assertThat(machine.scratchpad()).isEqualTo(READY);
        machine.clock.advance(SECOND);
        assertThat(machine.reply()).isEqualTo(0x10);
        assertThat(machine.read(0x47c)).isEqualTo(0x41);
        assertThat(machine.context.resets()).isZero();
    }

    @Test
    void aResetOfTheFunctionHelpsEvenThen() {
        machine = RaidMachine.with("ignoresReset", 1);
        machine.write(0x47c, 0x41);
        machine.device.reset();
        assertThat(machine.scratchpad()).isZero();
        machine.clock.advance(2 * SECOND);
        assertThat(machine.scratchpad()).isEqualTo(READY);
        assertThat(machine.read(0x47c)).isZero();
    }

    @Test
    void oneThatIsPulledOutDoesNothingMore() {
        machine = RaidMachine.with("goneFromNanos", 10 * MILLI);
        machine.postRead(0x1000, 0x10, 0, 1, 0x4000);
        assertThat(machine.device.present()).isTrue();
        machine.clock.advance(MILLI);
        int before = machine.root.requests().size();
        machine.clock.advance(SECOND);
        assertThat(machine.device.present()).isFalse();
        assertThat(machine.root.requests()).hasSize(before);
    }

    // ---- interrupts -----------------------------------------------------------------------------

    private void postNoop(long list, int tag) {
        machine.list(list, tag, 0, RaidMachine.message(), RaidMachine.cdb(3, 0));
        machine.post(list);
    }

    @Test
    void theTagComesFirstAndTheInterruptLater() {
        machine.tellOfReplies();
        postNoop(0x1000, 0x10);
        while (machine.read(0x30) == 0) {
            machine.clock.step(Long.MAX_VALUE);
        }
        assertThat(machine.function.pinAsserted()).isFalse();
        machine.clock.advance(MILLI);
        assertThat(machine.function.pinAsserted()).isTrue();
        assertThat(machine.reply()).isEqualTo(0x10);
        assertThat(machine.function.pinAsserted()).isFalse();
        assertThat(machine.read(0x30)).isZero();
        assertThat(machine.reply()).isEqualTo(EMPTY);
    }

    @Test
    void thePinStaysAssertedUntilTheLastReplyIsRead() {
        machine.tellOfReplies();
        postNoop(0x1000, 0x10);
        postNoop(0x2000, 0x20);
        machine.clock.advance(MILLI);
        assertThat(machine.reply()).isEqualTo(0x10);
        assertThat(machine.function.pinAsserted()).isTrue();
        assertThat(machine.reply()).isEqualTo(0x20);
        assertThat(machine.function.pinAsserted()).isFalse();
    }

    @Test
    void aMaskHoldsTheInterruptBack() {
        postNoop(0x1000, 0x10);
        machine.clock.advance(MILLI);
        assertThat(machine.read(0x30)).isEqualTo(8);
        assertThat(machine.function.pinAsserted()).isFalse();
        machine.tellOfReplies();
        assertThat(machine.function.pinAsserted()).isTrue();
        machine.write(0x34, 8);
        assertThat(machine.function.pinAsserted()).isFalse();
    }

    @Test
    void interruptsAreCoalescedOverTime() {
        machine.write(0x418, 5000);
        machine.tellOfReplies();
        postNoop(0x1000, 0x10);
        machine.clock.advance(4 * MILLI);
        assertThat(machine.read(0x30)).isEqualTo(8);
        assertThat(machine.function.pinAsserted()).isFalse();
        machine.clock.advance(2 * MILLI);
        assertThat(machine.function.pinAsserted()).isTrue();
    }

    @Test
    void interruptsAreCoalescedOverReplies() {
        machine.write(0x418, 5000);
        machine.write(0x41c, 2);
        machine.tellOfReplies();
        postNoop(0x1000, 0x10);
        machine.clock.advance(MILLI);
        assertThat(machine.function.pinAsserted()).isFalse();
        postNoop(0x2000, 0x20);
        machine.clock.advance(MILLI);
        assertThat(machine.function.pinAsserted()).isTrue();
    }

    @Test
    void aNarrowAccessTakesNoReplyAndPostsNothing() {
        postNoop(0x1000, 0x10);
        machine.clock.advance(MILLI);
        assertThat(machine.function.readRegister(0, 0x44, 2)).isEqualTo(0xffff);
        assertThat(machine.reply()).isEqualTo(0x10);
        int before = machine.root.requests().size();
        machine.function.writeRegister(0, 0x40, 2, 0x1000);
        machine.clock.advance(SECOND);
        assertThat(machine.root.requests()).hasSize(before);
    }
}
