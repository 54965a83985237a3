// SPDX-License-Identifier: Apache-2.0
package iommu.amdvi.linux;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.amdvi.AmdViRegisters;
import iommu.amdvi.Command;
import iommu.amdvi.Control;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The bytes that the kernel puts into the command buffer, and what it waits for. */
class CommandRingTest {

    private final KernelFixture fixture = new KernelFixture();
    private final UnitRegisters registers = new UnitRegisters(fixture);
    private final CommandRing ring = new CommandRing(fixture, registers);
    private long base;

    @BeforeEach
    void enable() {
        ring.enable();
        registers.feature(Control.IOMMU_EN, true);
        base = AmdViRegisters.BASE.inPlace(fixture.get(AmdViRegisters.CMD_BUF));
    }

    private long low(int index) {
        return fixture.memory.read64(base + 16L * index);
    }

    private long high(int index) {
        return fixture.memory.read64(base + 16L * index + 8);
    }

    @Test
    void theBufferHas512Commands() {
        assertThat(AmdViRegisters.LENGTH.of(fixture.get(AmdViRegisters.CMD_BUF))).isEqualTo(9);
        assertThat(fixture.get(AmdViRegisters.CMD_HEAD)).isZero();
        assertThat(fixture.get(AmdViRegisters.CMD_TAIL)).isZero();
    }

    @Test
    void aDeviceTableEntryIsNamedByItsDevice() {
        ring.deviceTableEntry(0x1234);
        assertThat(low(0)).isEqualTo(0x2000_0000_0000_1234L);
        assertThat(high(0)).isZero();
    }

    @Test
    void anInterruptTableIsNamedByItsDevice() {
        ring.interruptTable(0xffff);
        assertThat(low(0)).isEqualTo(0x5000_0000_0000_ffffL);
    }

    /** As QEMU's unit was given it in the recordings and in tools/qtest: all pages and PDEs. */
    @Test
    void aDomainIsFlushedWithItsDirectories() {
        ring.domain(0xd);
        assertThat(low(0)).isEqualTo(0x3000_000d_0000_0000L);
        assertThat(high(0)).isEqualTo(0x7fff_ffff_ffff_f003L);
    }

    @ParameterizedTest
    @CsvSource({"0x7000, 0x1000, 0x7000", "0x6000, 0x2000, 0x6001", "0x4000, 0x4000, 0x5001",
        "0x200000, 0x200000, 0x2ff001", "0x7000, 0x2000, 0x7001"})
    void pagesAreNamedBySizeAndAddress(String address, String bytes, String expected) {
        ring.pages(0xd, Long.decode(address), Long.decode(bytes));
        assertThat(low(0)).isEqualTo(0x3000_000d_0000_0000L);
        assertThat(high(0)).isEqualTo(Long.decode(expected));
    }

    @Test
    void everythingIsOneCommandWithoutOperands() {
        ring.everything();
        assertThat(low(0)).isEqualTo(8L << 60);
        assertThat(high(0)).isZero();
    }

    @Test
    void eachCompletionStoresTheNextNumberInTheSameWord() {
        ring.complete();
        ring.complete();
        assertThat(low(0)).isEqualTo(low(1));
        assertThat(Command.S.isSet(low(0))).isTrue();
        long word = Command.STORE_ADDRESS.inPlace(low(0));
        assertThat(high(0)).isEqualTo(1);
        assertThat(high(1)).isEqualTo(2);
        assertThat(fixture.memory.read64(word)).isEqualTo(2);
        assertThat(ring.timeOuts()).isZero();
    }

    @Test
    void theRingGoesRound() {
        for (int i = 0; i < 1300; i++) {
            ring.complete();
        }
        assertThat(fixture.get(AmdViRegisters.CMD_TAIL)).isEqualTo(1300 % 512 * 16);
        assertThat(fixture.get(AmdViRegisters.CMD_HEAD)).isEqualTo(1300 % 512 * 16);
        assertThat(ring.timeOuts()).isZero();
    }

    @Test
    void flushingOneByOneNamesDevicesInterruptTablesAndDomainsAndWaitsThrice() {
        ring.flushOneByOne(3);
        String opcodes = "";
        for (int i = 0; i < 12; i++) {
            opcodes += Command.OPCODE.of(low(i));
        }
        assertThat(opcodes).isEqualTo("222155513331");
        assertThat(low(12)).isZero();
    }

    @Test
    void aUnitThatIsOffCompletesNothingWithinTheTimeOut() {
        registers.feature(Control.IOMMU_EN, false);
        long before = fixture.now;
        ring.complete();
        assertThat(ring.timeOuts()).isEqualTo(1);
        assertThat(fixture.console).containsExactly("AMD-Vi: Completion-Wait loop timed out");
        assertThat(fixture.now - before).isGreaterThan(100_000_000L);
        registers.feature(Control.IOMMU_EN, true);
        ring.complete();
        assertThat(ring.timeOuts()).as("it goes on").isEqualTo(1);
    }

    @Test
    void aResumedRingGoesOnAtTheTail() {
        ring.complete();
        var again = new CommandRing(fixture, registers);
        again.resume();
        again.deviceTableEntry(7);
        again.complete();
        assertThat(low(1)).isEqualTo(0x2000_0000_0000_0007L);
        assertThat(fixture.get(AmdViRegisters.CMD_HEAD)).isEqualTo(48);
        assertThat(again.timeOuts()).isZero();
    }
}
