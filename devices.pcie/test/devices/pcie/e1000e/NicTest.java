// SPDX-License-Identifier: Apache-2.0
package devices.pcie.e1000e;

import static devices.pcie.e1000e.NicMachine.CONVENTIONAL;
import static devices.pcie.e1000e.NicMachine.EXPRESS;
import static devices.pcie.e1000e.NicMachine.MILLI;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import devices.pcie.link.DeviceOptions;
import iommu.api.pcie.Bar;
import iommu.api.pcie.FunctionConfig;
import iommu.testkit.FakeFunction;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Registers of the controllers: what they hold, and what accesses do. */
class NicTest {

    private NicMachine machine;

    private long phy(long operation, long register, long data) {
        machine.write(NicLayout.MDIC, operation << 26 | 1 << 21 | register << 16 | data);
        return machine.read(NicLayout.MDIC);
    }

    @ParameterizedTest
    @CsvSource({"8086, 10d3, 0, true", "8086, 100e, 0, true", "8086, 10d3, 1, false",
        "8086, 1533, 0, false", "10ec, 8168, 0, false"})
    void sitsBehindTheTwoChipsAlone(String vendor, String id, int header, boolean accepted) {
        byte[] config = new byte[64];
        int v = Integer.parseInt(vendor, 16);
        int d = Integer.parseInt(id, 16);
        config[0] = (byte) v;
        config[1] = (byte) (v >>> 8);
        config[2] = (byte) d;
        config[3] = (byte) (d >>> 8);
        config[14] = (byte) header;

        assertThat(new E1000eModel().accepts(new FunctionConfig(8, config))).isEqualTo(accepted);
        assertThat(new E1000eModel().name()).isEqualTo("e1000e");
    }

    @ParameterizedTest
    @CsvSource({"0x10d3, 0x00, 0x00140241", "0x10d3, 0x08, 0x00080283", "0x10d3, 0x10, 0x300",
        "0x10d3, 0x2828, 0x10000", "0x10d3, 0x5b50, 1", "0x10d3, 0x5400, 0x12005452",
        "0x10d3, 0x5404, 0x80005634", "0x100e, 0x00, 0x00140240", "0x100e, 0x10, 0x108",
        "0x100e, 0x1000, 0x00100030", "0x100e, 0x5404, 0x80005634", "0x10d3, 0x7000, 0"})
    void registersHoldAfterResetWhatTheChipSays(String id, String offset, String value) {
        machine = new NicMachine(Integer.decode(id));

        assertThat(machine.function.readRegister(0, Integer.decode(offset), 4))
                .isEqualTo(Long.decode(value));
    }

    @Test
    void barsOfAFunctionWithoutAnyAreThoseOfTheChip() {
        assertThat(new NicMachine(EXPRESS).device.bars()).containsExactly(
                Bar.memory(0, 128 << 10), Bar.memory(1, 128 << 10), Bar.io(2, 32));
        assertThat(new NicMachine(CONVENTIONAL).device.bars()).containsExactly(
                Bar.memory(0, 128 << 10), Bar.io(1, 64));
    }

    @Test
    void barsOfACapturedFunctionAreThoseThatWereCaptured() {
        var captured = new FakeFunction(0x100, 0x020000);
        captured.writeConfig(0x10, 4, 0xfdc40004);
        captured.writeConfig(0x18, 4, 0xd001);
        assertThat(Chip.L82574.bars(captured))
                .containsExactly(Bar.wideMemory(0, 128 << 10, false), Bar.io(2, 32));
        captured.writeConfig(0x10, 4, 0xfdc40000);
        captured.writeConfig(0x14, 4, 0xfdc60000);
        captured.writeConfig(0x18, 4, 0);
        assertThat(Chip.L82574.bars(captured))
                .containsExactly(Bar.memory(0, 128 << 10), Bar.memory(1, 128 << 10));
        captured.writeConfig(0x14, 4, 0);
        captured.writeConfig(0x20, 4, 0xc001);
        assertThat(Chip.L82540EM.bars(captured))
                .containsExactly(Bar.memory(0, 128 << 10), Bar.io(4, 64));
    }

    @ParameterizedTest
    @ValueSource(ints = {EXPRESS, CONVENTIONAL})
    void theIoWindowReachesAllRegisters(int id) {
        machine = new NicMachine(id);
        int bar = id == EXPRESS ? 2 : 1;
        machine.function.writeRegister(bar, 0, 4, NicLayout.RDLEN.offset());
        machine.function.writeRegister(bar, 4, 4, 0x1000);

        assertThat(machine.function.readRegister(bar, 0, 4)).isEqualTo(0x2808);
        assertThat(machine.function.readRegister(bar, 4, 4)).isEqualTo(0x1000);
        assertThat(machine.read(NicLayout.RDLEN)).isEqualTo(0x1000);
    }

    @ParameterizedTest
    @CsvSource({"0x10d3, 2, 1, 0xcb1", "0x100e, 8, 4, 0xc20"})
    void theEepromAddsUpAndThePhyTellsItsIds(String id, int shift, int done, String phy) {
        machine = new NicMachine(Integer.decode(id), Map.of(Nvm.MAC, 0x02a1_b2c3_d4e5L));
        int sum = 0;
        for (int i = 0; i < 64; i++) {
            machine.write(NicLayout.EERD, (long) i << shift | 1);
            long read = machine.read(NicLayout.EERD);
            assertThat(read >>> done & 1).as("done").isEqualTo(1);
            sum += read >>> 16;
            if (i == 1) {
                assertThat(read >>> 16).isEqualTo(0xc3b2);
            }
        }

        assertThat(sum & 0xffff).isEqualTo(0xbaba);
        assertThat(phy(2, 2, 0) & 0xffff).isEqualTo(0x141);
        assertThat(phy(2, 3, 0) & 0xffff).isEqualTo(Long.decode(phy));
        assertThat(machine.read(NicLayout.MDIC) >>> 28 & 1).as("ready").isEqualTo(1);
    }

    @Test
    void theAddressIsThatOfTheSerialNumber() {
        machine = new NicMachine(EXPRESS);
        machine.function.writeConfig(0x100, 4, 0x0001_0003);
        machine.function.writeConfig(0x104, 4, 0xff00_0001);
        machine.function.writeConfig(0x108, 4, 0x5254_00ff);

        assertThat(new Nvm(machine.context, Chip.L82574).word(0)).isEqualTo(0x5452);
        assertThat(new Nvm(machine.context, Chip.L82574).word(2)).isEqualTo(0x0100);
    }

    @Test
    void noPhyAnswersAtAnotherAddressOrRegister() {
        machine = new NicMachine(EXPRESS);
        machine.write(NicLayout.MDIC, 2 << 26 | 2 << 21);
        assertThat(machine.read(NicLayout.MDIC) >>> 30 & 1).isEqualTo(1);
        assertThat(phy(2, 11, 0) >>> 30 & 1).isEqualTo(1);
        assertThat(phy(1, 2, 0x1234) >>> 30 & 1).as("read-only, not wrong").isZero();
        assertThat(phy(2, 2, 0) & 0xffff).isEqualTo(0x141);
    }

    @Test
    void negotiationTakesHalfASecondWithoutALink() {
        machine = new NicMachine(EXPRESS);
        phy(1, 0, 0x1340);
        assertThat(machine.read(NicLayout.STATUS) & 2).isZero();
        assertThat(machine.read(NicLayout.ICR) & 4).as("link status change").isEqualTo(4);
        machine.run(499 * MILLI);
        assertThat(machine.read(NicLayout.STATUS) & 2).isZero();
        machine.run(MILLI);

        assertThat(machine.read(NicLayout.STATUS) & 2).isEqualTo(2);
        assertThat(phy(2, 1, 0) & 0x24).as("link, negotiated").isEqualTo(0x24);
        assertThat(machine.read(NicLayout.ICR) & 4).isEqualTo(4);
        machine.write(NicLayout.CTRL, 0);
        assertThat(machine.read(NicLayout.STATUS) & 2).as("link is not set up").isZero();
    }

    @Test
    void aResetOfTheChipLeavesThePhyAlone() {
        machine = new NicMachine(EXPRESS);
        phy(1, 4, 0x01e1);
        machine.write(NicLayout.RDLEN, 0x1000);
        machine.write(NicLayout.CTRL, 1 << 26);

        assertThat(machine.read(NicLayout.RDLEN)).isZero();
        assertThat(machine.read(NicLayout.CTRL)).isEqualTo(0x0014_0241);
        assertThat(machine.context.resets()).isEqualTo(1);
        assertThat(machine.read(NicLayout.EECD) & 0x200).as("EEPROM not read yet").isZero();
        machine.write(NicLayout.EERD, 1);
        assertThat(machine.read(NicLayout.EERD) & 2).isZero();
        machine.run(MILLI);
        assertThat(machine.read(NicLayout.EECD) & 0x200).isEqualTo(0x200);
        assertThat(phy(2, 4, 0) & 0xffff).isEqualTo(0x01e1);
        machine.device.reset();
        assertThat(phy(2, 4, 0) & 0xffff).isEqualTo(0x0de1);
    }

    @Test
    void aResetThatIsIgnoredNeverEnds() {
        machine = new NicMachine(EXPRESS, Map.of(DeviceOptions.IGNORES_RESET, 1L));
        machine.write(NicLayout.RDLEN, 0x1000);
        machine.write(NicLayout.CTRL, 1 << 26);
        machine.run(1000 * MILLI);

        assertThat(machine.read(NicLayout.RDLEN)).isEqualTo(0x1000);
        assertThat(machine.read(NicLayout.EECD) & 0x200).isZero();
        assertThat(machine.context.resets()).isZero();
        machine.device.reset();
        assertThat(machine.read(NicLayout.EECD) & 0x200).isEqualTo(0x200);
    }

    @Test
    void masterDisableShowsInStatusAndStopsRequests() {
        machine = new NicMachine(EXPRESS, Map.of("frameNanos", MILLI));
        machine.write(NicLayout.CTRL, machine.read(NicLayout.CTRL) | 4);
        assertThat(machine.read(NicLayout.STATUS) >>> 19 & 1).isZero();
        machine.receive(8, 0);
        machine.run(20 * MILLI);

        assertThat(machine.root.requests()).isEmpty();
        machine.write(NicLayout.CTRL, machine.read(NicLayout.CTRL) & ~4L);
        machine.run(20 * MILLI);
        assertThat(machine.root.requests()).isNotEmpty();
    }

    @Test
    void aDeviceThatIsPulledOutIsNotThere() {
        machine = new NicMachine(EXPRESS,
                Map.of("frameNanos", MILLI, DeviceOptions.GONE_FROM_NANOS, 5 * MILLI));
        machine.receive(8, 0);
        assertThat(machine.device.present()).isTrue();
        machine.run(20 * MILLI);

        assertThat(machine.device.present()).isFalse();
        assertThat(machine.read(Statistics.GPRC)).isEqualTo(4);
    }

    @Test
    void optionsOutOfRangeAreRefused() {
        assertThatThrownBy(() -> new NicMachine(EXPRESS, Map.of(NicOptions.FRAME_BYTES, 59L)))
                .isInstanceOf(IllegalArgumentException.class).hasMessageContaining("59");
        assertThatThrownBy(() -> new NicMachine(EXPRESS, Map.of(DeviceOptions.RESET_NANOS, -1L)))
                .isInstanceOf(IllegalArgumentException.class);
        assertThat(new E1000eModel().options()).contains("frameNanos", "wedgesOnAbort",
                "masterToResetNanos");
    }

    @Test
    void accessesOfOtherWidths() {
        machine = new NicMachine(EXPRESS);
        machine.function.writeRegister(0, 0x2800, 8, 0x1_2345_6780L);
        assertThat(machine.function.readRegister(0, 0x2800, 8)).isEqualTo(0x1_2345_6780L);
        machine.function.writeRegister(0, 0x2804, 1, 0x77);
        assertThat(machine.function.readRegister(0, 0x2801, 1)).isEqualTo(0x67);
        assertThat(machine.function.readRegister(0, 0x2804, 2)).isEqualTo(1);
        assertThat(machine.function.readRegister(1, 0, 4)).as("flash").isEqualTo(0xffff_ffffL);
    }
}
