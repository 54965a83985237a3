// SPDX-License-Identifier: Apache-2.0
package devices.pcie.ahci;

import static devices.pcie.ahci.AhciMachine.BUFFER;
import static devices.pcie.ahci.AhciMachine.GHC;
import static devices.pcie.ahci.AhciMachine.IS;
import static devices.pcie.ahci.AhciMachine.LIST;
import static devices.pcie.ahci.AhciMachine.MILLI;
import static devices.pcie.ahci.AhciMachine.PORT;
import static devices.pcie.ahci.AhciMachine.PX_CI;
import static devices.pcie.ahci.AhciMachine.PX_CMD;
import static devices.pcie.ahci.AhciMachine.PX_IE;
import static devices.pcie.ahci.AhciMachine.PX_IS;
import static devices.pcie.ahci.AhciMachine.PX_SACT;
import static devices.pcie.ahci.AhciMachine.PX_SCTL;
import static devices.pcie.ahci.AhciMachine.PX_SERR;
import static devices.pcie.ahci.AhciMachine.PX_SIG;
import static devices.pcie.ahci.AhciMachine.PX_SSTS;
import static devices.pcie.ahci.AhciMachine.PX_TFD;
import static devices.pcie.ahci.AhciMachine.RECEIVED;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import iommu.api.memory.AddressRange;
import iommu.api.pcie.Bar;
import iommu.api.pcie.FunctionConfig;
import iommu.testkit.FakeDeviceContext;
import iommu.testkit.FakeDriverPort;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Registers, FISes and errors, by a driver of the test's own. */
class HostBusAdapterTest {

    private AhciMachine machine = new AhciMachine(Map.of());

    @ParameterizedTest
    @CsvSource({"0x010601, 0, true", "0x010600, 0, false", "0x010601, 1, false",
        "0x010802, 0, false"})
    void sitsBehindAhciFunctions(String classCode, int header, boolean accepted) {
        byte[] config = AhciMachine.config();
        int code = Integer.decode(classCode);
        for (int i = 0; i < 3; i++) {
            config[9 + i] = (byte) (code >>> 8 * i);
        }
        config[14] = (byte) header;
        assertThat(new AhciModel().accepts(new FunctionConfig(8, config))).isEqualTo(accepted);
    }

    @ParameterizedTest
    @CsvSource({"0x00, c0141f05", "0x04, 80000000", "0x08, 0", "0x0c, 3f", "0x10, 10000",
        "0x24, 0", "0x110, 0", "0x114, 0", "0x118, 6", "0x120, 7f", "0x124, ffffffff",
        "0x128, 113", "0x12c, 0", "0x130, 0", "0x134, 0", "0x138, 0", "0x1a8, 0", "0x1a0, 7f",
        "0x400, 0", "0xffc, 0"})
    void powersUpAsTheEmulatorDoes(String offset, String value) {
        assertThat(machine.read(Integer.decode(offset))).isEqualTo(Long.parseLong(value, 16));
    }

    @Test
    void hasTheBarsThatWereCaptured() {
        assertThat(machine.device.bars()).containsExactly(Bar.io(4, 32), Bar.memory(5, 4096));
    }

    @Test
    void indexAndDataReachRegisters() {
        machine.function.writeRegister(4, 16, 4, PORT + 8);
        machine.function.writeRegister(4, 20, 4, 0x12345678L);
        assertThat(machine.function.readRegister(4, 16, 4)).isEqualTo(PORT + 8);
        assertThat(machine.function.readRegister(4, 20, 4)).isEqualTo(0x12345600L);
        assertThat(machine.read(PORT + 8)).isEqualTo(0x12345600L);
        assertThat(machine.function.readRegister(4, 0, 4)).isZero();
    }

    @Test
    void signatureArrivesOnceThePortReceives() {
        machine.write(PORT + 8, RECEIVED);
        machine.write(PX_CMD, 0x16);
        machine.clock.advance(MILLI);
        assertThat(machine.read(PX_CMD)).isEqualTo(0x4016);
        assertThat(machine.read(PX_SIG)).isEqualTo(0x101);
        assertThat(machine.read(PX_TFD)).isEqualTo(0x130);
        assertThat(machine.bytes(RECEIVED + 0x40, 14))
                .containsExactly(0x34, 0, 0x30, 1, 1, 0, 0, 0xa0, 0, 0, 0, 0, 1, 0);
    }

    @Test
    void identifiesItself() {
        machine.start();
        machine.run(0xec, 0, 0, BUFFER, 512);
        byte[] words = machine.bytes(BUFFER, 512);
        assertThat(new String(words, 54, 40, StandardCharsets.US_ASCII)).startsWith("EQUMH RADDSI");
        assertThat(words[200 + 4]).as("2^32 sectors").isEqualTo((byte) 1);
        assertThat(machine.read(PX_TFD)).isEqualTo(0x50);
        assertThat(machine.read(PX_IS)).as("PIO setup").isEqualTo(2);
        assertThat(machine.read(PX_CI)).isZero();
        assertThat(machine.memory.read64(LIST) >>> 32).as("PRDBC").isEqualTo(512);
        assertThat(machine.bytes(RECEIVED + 0x20, 4)).containsExactly(0x5f, 0x60, 0x58, 0);
    }

    @ParameterizedTest
    @CsvSource({"0x25, 1, 400", "0x24, 2, 400", "0xc8, 1, 400", "0x20, 2, 400", "0x60, 8, 0"})
    void readsTheMedium(String command, int cause, String count) {
        machine.start();
        machine.run(Integer.decode(command), 77, 2, BUFFER, 1024);
        assertThat(machine.bytes(BUFFER, 512)).isEqualTo(FakeDeviceContext.onMedium(77, 512));
        assertThat(machine.read(PX_TFD)).isEqualTo(0x50);
        assertThat(machine.read(PX_IS)).isEqualTo(cause);
        assertThat(machine.read(IS)).isEqualTo(1);
        assertThat(machine.read(PX_CI) | machine.read(PX_SACT)).isZero();
        assertThat(machine.memory.read64(LIST) >>> 32).isEqualTo(Long.parseLong(count, 16));
    }

    @ParameterizedTest
    @CsvSource({"0x35, 1", "0x34, 2", "0xca, 1", "0x30, 2", "0x61, 1"})
    void writesTheMedium(String command, int stores) {
        machine.start();
        machine.fill(BUFFER, 1024);
        machine.run(Integer.decode(command), 77, 2, BUFFER, 1024);
        assertThat(machine.context.committed()).hasSize(stores);
        assertThat(machine.context.committed().get(0).position()).isEqualTo(77);
        byte[] first = machine.context.committed().get(0).bytes();
        assertThat(first).isEqualTo(machine.bytes(BUFFER, first.length));
        assertThat(machine.read(PX_TFD)).isEqualTo(0x50);
        assertThat(machine.read(PX_CI) | machine.read(PX_SACT)).isZero();
    }

    @ParameterizedTest
    @CsvSource({"0xe7", "0xea", "0xef"})
    void commandsWithoutDataEndWithARegisterFis(String command) {
        machine.start();
        machine.command(0, Integer.decode(command), 0, 0x45, 0, 0);
        machine.memory.write64(AhciMachine.TABLES, machine.memory.read64(AhciMachine.TABLES)
                | 3L << 24);
        machine.issue(1, false);
        machine.clock.advance(MILLI);
        assertThat(machine.read(PX_IS)).isEqualTo(1);
        assertThat(machine.read(PX_TFD)).isEqualTo(0x50);
    }

    @ParameterizedTest
    @CsvSource({"0xff, 0, 1, 40000001", "0x25, 0x100000000, 1, 40000001",
        "0x60, 0x100000000, 1, 40000000", "0x63, 0, 1, 40000000", "0xa1, 0, 1, 40000001"})
    void whatCannotBeIsAborted(String command, String sector, int count, String causes) {
        machine.start();
        machine.run(Integer.decode(command), Long.decode(sector), count, BUFFER, 512);
        assertThat(machine.read(PX_TFD)).isEqualTo(0x441);
        assertThat(machine.read(PX_IS)).isEqualTo(Long.parseLong(causes, 16));
        machine.run(0xec, 0, 0, BUFFER, 512);
        assertThat(machine.bytes(BUFFER, 4)).as("stands still until it is started again")
                .containsOnly(0);
        machine.write(PX_CMD, 0x16);
        machine.write(PX_CMD, 0x17);
        machine.run(0xec, 0, 0, BUFFER, 512);
        assertThat(machine.bytes(BUFFER, 1)).containsExactly(0x40);
    }

    @Test
    void moreBytesThanDescriptorsOverflow() {
        machine.start();
        machine.run(0x25, 5, 2, BUFFER, 512);
        assertThat(machine.read(PX_IS)).isEqualTo(1 << 24 | 1);
        assertThat(machine.bytes(BUFFER + 512, 4)).containsOnly(0);
    }

    @ParameterizedTest
    @CsvSource({"0x10000, 0x400", "0x20000, 0x80", "0x20080, 0x80", "0x80000, 0x1000"})
    void abortedReadsAreFatalErrorsOfTheHostBus(String from, String bytes) {
        machine.start();
        machine.root.refuse(AddressRange.of(Long.decode(from), Long.decode(bytes)));
        machine.run(0x35, 5, 1, BUFFER, 512);
        assertThat(machine.read(PX_IS)).isEqualTo(1 << 29);
        assertThat(machine.read(PX_CI)).isEqualTo(1);
        assertThat(machine.read(PX_CMD)).as("it still runs").isEqualTo(0xc017);
        assertThat(machine.context.committed()).isEmpty();
        machine.root.refuse(null);
        machine.clock.advance(1000 * MILLI);
        assertThat(machine.context.committed()).isEmpty();
        machine.write(PX_CMD, 0x16);
        assertThat(machine.read(PX_CI)).isZero();
        assertThat(machine.read(PX_CMD)).isEqualTo(0x4016);
    }

    @Test
    void postedWritesThatAreLostGoUnnoticed() {
        machine.start();
        machine.run(0x25, 5, 1, 0x7000_0000L, 512);
        assertThat(machine.read(PX_TFD)).isEqualTo(0x50);
        assertThat(machine.read(PX_IS)).isEqualTo(1);
    }

    @Test
    void addressesThatItHoldsAreUsedAsTheyWere() {
        machine.start();
        machine.command(3, 0x25, 9, 1, BUFFER, 512);
        machine.issue(8, false);
        machine.clock.advance(50_000);
        machine.memory.write64(LIST + 3 * 32 + 8, 0x7000_0000L);
        machine.memory.write64(AhciMachine.TABLES + 0x3080, BUFFER + 0x10000);
        machine.clock.advance(MILLI);
        assertThat(machine.bytes(BUFFER, 512)).isEqualTo(FakeDeviceContext.onMedium(9, 512));
        assertThat(machine.bytes(BUFFER + 0x10000, 8)).containsOnly(0);
    }

    @Test
    void queuedCommandsAreAcceptedFirstAndDoneInOrder() {
        machine = new AhciMachine(Map.of("mediumNanos", 5 * MILLI));
        machine.start();
        for (int slot = 0; slot < 4; slot++) {
            machine.command(slot, 0x60, 100 + slot, 1, BUFFER + slot * 0x1000L, 512);
        }
        machine.issue(0xf, true);
        machine.clock.advance(MILLI);
        assertThat(machine.read(PX_CI)).as("the disk has them").isZero();
        assertThat(machine.read(PX_SACT)).isEqualTo(0xf);
        machine.clock.advance(5 * MILLI);
        assertThat(machine.read(PX_SACT)).isEqualTo(0xe);
        machine.clock.advance(20 * MILLI);
        assertThat(machine.read(PX_SACT)).isZero();
        for (int slot = 0; slot < 4; slot++) {
            assertThat(machine.bytes(BUFFER + slot * 0x1000L, 512))
                    .isEqualTo(FakeDeviceContext.onMedium(100 + slot, 512));
        }
    }

    @Test
    void notBeingABusMasterItWaits() {
        machine.start();
        machine.command(0, 0x25, 9, 1, BUFFER, 512);
        machine.issue(1, false);
        machine.clock.advance(10_000);
        machine.function.writeConfig(4, 2, 3);
        int before = machine.root.requests().size();
        machine.clock.advance(50 * MILLI);
        assertThat(machine.root.requests()).hasSize(before);
        assertThat(machine.read(PX_CI)).isEqualTo(1);
        machine.function.writeConfig(4, 2, 7);
        machine.clock.advance(10 * MILLI);
        assertThat(machine.bytes(BUFFER, 512)).isEqualTo(FakeDeviceContext.onMedium(9, 512));
    }

    // ---- interrupts -----------------------------------------------------------------------------

    @Test
    void pinFollowsPendingInterrupts() {
        machine.start();
        machine.run(0xe7, 0, 0, 0, 0);
        assertThat(machine.root.pins()).containsExactly("fa INTA asserted");
        machine.write(PX_IS, -1);
        assertThat(machine.root.pins()).as("IS is still set").hasSize(1);
        machine.write(IS, 1);
        assertThat(machine.root.pins())
                .containsExactly("fa INTA asserted", "fa INTA deasserted");
    }

    @Test
    void whatStillPendsIsPendingAgain() {
        machine.start();
        machine.run(0xe7, 0, 0, 0, 0);
        machine.write(IS, 1);
        assertThat(machine.read(IS)).isEqualTo(1);
        assertThat(machine.root.pins()).hasSize(1);
    }

    @Test
    void messagesAreSentWhenSomethingIsNew() {
        machine.enableMessages();
        machine.start();
        machine.run(0xe7, 0, 0, 0, 0);
        machine.run(0xe7, 0, 0, 0, 0);
        assertThat(messages()).as("IS stays set").isEqualTo(1);
        machine.write(IS, 1);
        assertThat(messages()).as("still pending").isEqualTo(2);
        machine.write(PX_IS, -1);
        machine.write(IS, 1);
        assertThat(messages()).isEqualTo(2);
        machine.run(0xe7, 0, 0, 0, 0);
        assertThat(messages()).isEqualTo(3);
    }

    private long messages() {
        return machine.root.requests().stream()
                .filter(r -> r.address() == FakeDriverPort.INTERRUPTS).count();
    }

    @Test
    void disabledInterruptsStayPending() {
        machine.start();
        machine.write(PX_IE, 0);
        machine.run(0xe7, 0, 0, 0, 0);
        assertThat(machine.read(IS)).isZero();
        assertThat(machine.read(PX_IS)).isEqualTo(1);
        machine.write(PX_IE, 1);
        assertThat(machine.read(IS)).isEqualTo(1);
        machine.write(GHC, 0);
        assertThat(machine.root.pins()).last().isEqualTo("fa INTA deasserted");
    }

    // ---- resets ---------------------------------------------------------------------------------

    @Test
    void comresetBringsTheSignatureBack() {
        machine.start();
        machine.run(0xec, 0, 0, BUFFER, 512);
        machine.write(PX_CMD, 0x16);
        machine.write(PX_SCTL, 0x301);
        assertThat(machine.read(PX_SSTS)).isZero();
        assertThat(machine.read(PX_TFD)).isEqualTo(0x7f);
        assertThat(machine.context.resets()).isEqualTo(1);
        machine.clock.advance(MILLI);
        machine.write(PX_SCTL, 0x300);
        machine.clock.advance(20 * MILLI);
        assertThat(machine.read(PX_SSTS)).isEqualTo(0x113);
        assertThat(machine.read(PX_SIG)).isEqualTo(0x101);
        assertThat(machine.read(PX_SERR)).isEqualTo(0x0401_0000);
        assertThat(machine.read(PX_IS) & 0x40_0040).isEqualTo(0x40_0040);
        machine.write(PX_SERR, -1);
        assertThat(machine.read(PX_IS) & 0x40_0040).isZero();
    }

    @Test
    void resetOfTheAdapterKeepsTheAddressesAlone() {
        machine.start();
        machine.command(0, 0x25, 9, 1, BUFFER, 512);
        machine.issue(1, false);
        machine.clock.advance(10_000);
        machine.write(GHC, 1);
        assertThat(machine.read(GHC)).isEqualTo(0x8000_0001L);
        machine.clock.advance(100 * MILLI);
        assertThat(machine.read(GHC)).isEqualTo(0x8000_0000L);
        assertThat(machine.read(PORT)).isEqualTo(LIST);
        assertThat(machine.read(PORT + 8)).isEqualTo(RECEIVED);
        assertThat(machine.read(PX_CMD)).isEqualTo(6);
        assertThat(machine.read(PX_CI) | machine.read(PX_IE)).isZero();
        assertThat(machine.read(PX_SSTS)).isEqualTo(0x113);
        assertThat(machine.bytes(BUFFER, 8)).containsOnly(0);
        assertThat(machine.context.resets()).isEqualTo(1);
        assertThat(machine.clock.pending()).isZero();
    }

    @Test
    void resetOfTheFunctionDropsAll() {
        machine.start();
        machine.command(0, 0x25, 9, 1, BUFFER, 512);
        machine.issue(1, false);
        machine.clock.advance(10_000);
        machine.device.reset();
        machine.clock.advance(100 * MILLI);
        assertThat(machine.read(PORT)).isZero();
        assertThat(machine.bytes(BUFFER, 8)).containsOnly(0);
    }

    @Test
    void softResetIsAControlFisTwice() {
        machine.start();
        machine.run(0xec, 0, 0, BUFFER, 512);
        for (int control : new int[] {4, 0}) {
            machine.command(0, 0, 0, 0, 0, 0);
            machine.memory.write64(AhciMachine.TABLES, 0x27);
            machine.memory.write64(AhciMachine.TABLES + 8, (long) control << 56);
            machine.issue(1, false);
            machine.clock.advance(MILLI);
            assertThat(machine.read(PX_CI)).isZero();
        }
        assertThat(machine.read(PX_TFD)).isEqualTo(0x130);
    }

    @Test
    void canIgnoreItsReset() {
        machine = new AhciMachine(Map.of("ignoresReset", 1L));
        machine.start();
        machine.write(GHC, 0x8000_0003L);
        machine.clock.advance(1000 * MILLI);
        assertThat(machine.read(GHC) & 1).isEqualTo(1);
        assertThat(machine.context.resets()).isZero();
    }

    @Test
    void canBeWedgedByAnAbort() {
        machine = new AhciMachine(Map.of("wedgesOnAbort", 1L));
        machine.start();
        machine.run(0x35, 5, 1, 0x7000_0000L, 512);
        machine.write(GHC, 1);
        machine.clock.advance(100 * MILLI);
        assertThat(machine.read(GHC)).isEqualTo(0x8000_0002L);
        assertThat(machine.read(PX_CI)).isEqualTo(1);
        assertThat(machine.read(PX_IS)).isZero();
        machine.device.reset();
        machine.clock.advance(100 * MILLI);
        machine.start();
        machine.run(0xec, 0, 0, BUFFER, 512);
        assertThat(machine.bytes(BUFFER, 1)).containsExactly(0x40);
    }

    @Test
    void canBePulledOut() {
        machine = new AhciMachine(Map.of("goneFromNanos", 2 * MILLI));
        machine.start();
        machine.run(0x25, 9, 1, BUFFER, 512);
        assertThat(machine.read(GHC)).isEqualTo(0xffff_ffffL);
    }

    @Test
    void withoutSectorsThereIsNoDisk() {
        machine = new AhciMachine(Map.of("sectors", 0L));
        assertThat(machine.read(PX_SSTS)).isZero();
        machine.start();
        machine.run(0xec, 0, 0, BUFFER, 512);
        assertThat(machine.read(PX_CI)).isEqualTo(1);
        assertThat(machine.read(PX_TFD)).isEqualTo(0x7f);
    }

    @ParameterizedTest
    @CsvSource({"port, 6", "sectors, -1", "ignoresReset, 2", "resetNanos, -1"})
    void optionsOutOfRangeAreRefused(String name, long value) {
        assertThatThrownBy(() -> new AhciMachine(Map.of(name, value)))
                .isInstanceOf(IllegalArgumentException.class).hasMessageContaining(name);
    }
}
