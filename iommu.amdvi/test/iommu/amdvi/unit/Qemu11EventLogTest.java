// SPDX-License-Identifier: Apache-2.0
package iommu.amdvi.unit;

import static iommu.amdvi.unit.Fixture.DEVICE;
import static iommu.amdvi.unit.Fixture.DOMAIN;
import static iommu.amdvi.unit.Fixture.OUTSIDE;
import static iommu.amdvi.unit.Fixture.RUNNING;
import static org.assertj.core.api.Assertions.assertThat;

import iommu.amdvi.AmdViRegisters;
import iommu.amdvi.Control;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Head, tail, base and status of QEMU 11's event log, read from QEMU 11.1. */
class Qemu11EventLogTest {

    private static final long RUN = 0x18;

    private Fixture qemu;

    @BeforeEach
    void unit() {
        qemu = Fixture.on(Map.of("asQemu", 1L, "qemuVersion", 11L));
        qemu.domain(DEVICE, DOMAIN, 3);
        qemu.command(2L << 60 | DEVICE, 0);
    }

    private void faults(int count) {
        for (int i = 0; i < count; i++) {
            assertThat(qemu.read(0x9000)).isEqualTo(-2);
        }
    }

    private long tail() {
        return qemu.read(AmdViRegisters.EVENT_TAIL);
    }

    private long status() {
        return qemu.read(AmdViRegisters.STATUS);
    }

    @Test
    void eachEventIsAnInterruptAndItsStatusIsClearedByOnes() {
        faults(2);
        assertThat(qemu.interrupts).isEqualTo(2);
        assertThat(status()).isEqualTo(RUN | 2);
        qemu.write(AmdViRegisters.STATUS, 2);
        assertThat(status()).isEqualTo(RUN);
    }

    @Test
    void withoutTheInterruptNeitherEventNorOverflowIsTold() {
        qemu.control(RUNNING & ~Control.EVENT_INT_EN.mask());
        qemu.write(AmdViRegisters.EVENT_LOG, qemu.log | 1L << 56);
        faults(3);
        assertThat(status()).isEqualTo(RUN);
        assertThat(tail()).as("one of two places").isEqualTo(0x10);
        assertThat(qemu.interrupts).isZero();
    }

    @Test
    void fullLogOverflowsAndTakesNothingUntilThatIsCleared() {
        qemu.write(AmdViRegisters.EVENT_LOG, qemu.log | 1L << 56);
        faults(2);
        assertThat(status()).isEqualTo(RUN | 3);
        qemu.write(AmdViRegisters.EVENT_HEAD, 0x10);
        faults(1);
        assertThat(tail()).as("overflow is pending").isEqualTo(0x10);
        qemu.write(AmdViRegisters.STATUS, 1);
        faults(1);
        assertThat(tail()).isZero();
    }

    @Test
    void baseEmptiesTheLogUnlessAnEventIsPending() {
        faults(1);
        qemu.write(AmdViRegisters.EVENT_LOG, qemu.store | 1L << 56);
        assertThat(tail()).isEqualTo(0x10);
        faults(1);
        assertThat(qemu.memory.read64(qemu.log + 16)).as("still there").isNotZero();
        qemu.write(AmdViRegisters.STATUS, 2);
        qemu.unit.writeRegister(AmdViRegisters.EVENT_LOG.offset() + 6, 2, 0x0100);
        assertThat(tail()).as("any write will do").isZero();
        faults(1);
        assertThat(qemu.memory.read64(qemu.store)).isNotZero();
    }

    @Test
    void eventThatMemoryDoesNotTakeMovesTheTail() {
        qemu.write(AmdViRegisters.EVENT_LOG, OUTSIDE | 8L << 56);
        faults(1);
        assertThat(tail()).isEqualTo(0x10);
        assertThat(qemu.logged).containsExactly(false);
    }

    @Test
    void logThatNeverGotABaseTakesNothing() {
        Fixture bare = Fixture.began(Map.of("asQemu", 1L, "qemuVersion", 11L));
        bare.domain(DEVICE, DOMAIN, 3);
        assertThat(bare.read(0x9000)).isEqualTo(-2);
        assertThat(bare.read(AmdViRegisters.EVENT_TAIL)).isZero();
    }

    @ParameterizedTest
    @CsvSource({"8, -1, 0xffffffffffffff18", "4, -1, 0xffffff18", "2, 0xff00, 0xff1a",
        "1, 0xff, 0x1a"})
    void statusHoldsBitsThatAreNone(int bytes, String value, String holds) {
        faults(1);
        qemu.unit.writeRegister(AmdViRegisters.STATUS.offset(), bytes, Long.decode(value));
        assertThat(status()).isEqualTo(Long.parseUnsignedLong(holds.substring(2), 16));
    }

    @Test
    void headAndTailAreSoftwares() {
        qemu.write(AmdViRegisters.EVENT_TAIL, 0x47);
        faults(1);
        assertThat(qemu.memory.read64(qemu.log + 0x40)).isNotZero();
        assertThat(tail()).isEqualTo(0x50);
    }
}
