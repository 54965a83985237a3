// SPDX-License-Identifier: Apache-2.0
package devices.pcie.raid;

import static devices.pcie.raid.RaidMachine.MILLI;
import static devices.pcie.raid.RaidMachine.SECOND;
import static org.assertj.core.api.Assertions.assertThat;

import iommu.testkit.Request.Kind;
import org.junit.jupiter.api.Test;

/** Work that a controller holds: what it is worth once nobody looks after it any more. */
class InFlightTest {

    private RaidMachine machine = RaidMachine.with();

    private void postMany(int count) {
        for (int i = 0; i < count; i++) {
            machine.postWrite(0x2_0000 + i * 96L, i << 4, i * 8L, 1, 0x4000);
        }
    }

    @Test
    void commandListsAreFetchedAtOnceAndWorkedOffSlowly() {
        postMany(256);
        machine.clock.advance(2 * MILLI);
        assertThat(machine.touching(0x2_0000, 256 * 96)).as("two reads a list at least")
                .hasSizeGreaterThanOrEqualTo(512);
        assertThat(machine.touching(0x4000, 512)).isEmpty();
        machine.clock.advance(SECOND);
        assertThat(machine.committed).hasSizeBetween(49, 50);
    }

    @Test
    void twentySecondsAfterTheLastPostThereAreStillTransfers() {
        postMany(1020);
        machine.clock.advance(20 * SECOND);
        assertThat(machine.committed).hasSizeBetween(980, 1000);
        int seen = machine.root.requests().size();
        machine.clock.advance(SECOND);
        assertThat(machine.root.requests().size()).isGreaterThan(seen);
        assertThat(machine.committed).hasSize(1020);
        assertThat(machine.clock.pending()).isZero();
    }

    @Test
    void noMoreThan1020AreOutstanding() {
        postMany(1100);
        machine.clock.advance(30 * SECOND);
        int replies = 0;
        while (machine.reply() != RaidMachine.EMPTY) {
            replies++;
        }
        assertThat(replies).isEqualTo(1020);
        postMany(1);
        machine.clock.advance(SECOND);
        assertThat(machine.reply()).isZero();
    }

    @Test
    void repliesThatNobodyReadsCountToo() {
        postMany(1020);
        machine.clock.advance(30 * SECOND);
        postMany(1);
        machine.clock.advance(SECOND);
        assertThat(machine.committed).hasSize(1020);
        machine.reply();
        postMany(1);
        machine.clock.advance(SECOND);
        assertThat(machine.committed).hasSize(1021);
    }

    @Test
    void addressesThatAreHeldAreUsedWhateverBecomesOfTheList() {
        machine.postRead(0x1000, 0x10, 3, 1, 0x4000);
        machine.clock.advance(MILLI);
        for (long at = 0x1000; at < 0x1100; at += 8) {
            machine.memory.write64(at, 0x5000);
        }
        machine.clock.advance(SECOND);
        assertThat(machine.touching(0x4000, 512)).hasSize(2);
        assertThat(machine.touching(0x5000, 4096)).isEmpty();
        assertThat(machine.reply()).isEqualTo(0x10);
    }

    @Test
    void dataOfAWriteIsReadWhenItsTurnComes() {
        machine.postWrite(0x1000, 0x10, 3, 1, 0x4000);
        machine.clock.advance(10 * MILLI);
        machine.fill(0x4000, 512);
        machine.clock.advance(SECOND);
        assertThat(machine.committed.get(0).bytes()).isEqualTo(machine.bytes(0x4000, 512));
    }

    @Test
    void whatTheFirmwareAnswersWaitsForNoDisk() {
        postMany(100);
        machine.list(0x1000, 0x5000, 0, RaidMachine.message(), RaidMachine.cdb(3, 0));
        machine.post(0x1000);
        machine.clock.advance(2 * MILLI);
        assertThat(machine.reply()).isEqualTo(0x5000);
    }

    @Test
    void aResetDropsAllThatIsHeld() {
        postMany(100);
        machine.clock.advance(50 * MILLI);
        machine.write(0x20, 0x20);
        int seen = machine.root.requests().size();
        machine.clock.advance(30 * SECOND);
        assertThat(machine.root.requests()).hasSize(seen);
        assertThat(machine.reply()).isEqualTo(RaidMachine.EMPTY);
        assertThat(machine.clock.pending()).isZero();
    }

    @Test
    void aResetInTheMiddleOfATransferEndsIt() {
        machine.postWrite(0x1000, 0x10, 0, 512, 0x40_0000);
        machine.clock.advance(20_500_000);
        assertThat(machine.touching(0x40_0000, 1 << 18)).isNotEmpty();
        machine.device.reset();
        int seen = machine.root.requests().size();
        machine.clock.advance(5 * SECOND);
        assertThat(machine.root.requests()).hasSize(seen);
        assertThat(machine.committed).isEmpty();
        machine.postWrite(0x1000, 0x10, 0, 1, 0x4000);
        machine.clock.advance(SECOND);
        assertThat(machine.committed).hasSize(1);
    }

    @Test
    void withoutBusMasteringItWaitsAndThenGoesOn() {
        postMany(10);
        machine.clock.advance(50 * MILLI);
        machine.busMaster(false);
        int seen = machine.root.requests().size();
        int stored = machine.committed.size();
        machine.clock.advance(60 * SECOND);
        assertThat(machine.root.requests()).hasSize(seen);
        machine.busMaster(true);
        machine.clock.advance(SECOND);
        assertThat(machine.committed).as("nothing is lost").hasSize(10)
                .hasSizeGreaterThan(stored);
        assertThat(machine.scratchpad()).isEqualTo(0xffff_0000);
    }

    @Test
    void whatIsPostedWithoutBusMasteringIsFetchedLater() {
        machine.busMaster(false);
        postMany(3);
        machine.clock.advance(SECOND);
        assertThat(machine.root.requests()).isEmpty();
        machine.busMaster(true);
        machine.clock.advance(SECOND);
        assertThat(machine.committed).hasSize(3);
    }

    @Test
    void writesThatNobodyTakesAreNotNoticed() {
        machine.root.refuse(new iommu.api.memory.AddressRange(0x4000, 0x5000));
        machine.postRead(0x1000, 0x10, 3, 1, 0x4000);
        machine.clock.advance(SECOND);
        assertThat(machine.reply()).isEqualTo(0x10);
        assertThat(machine.touching(0x4000, 512)).allMatch(r -> r.kind() == Kind.WRITE);
    }
}
