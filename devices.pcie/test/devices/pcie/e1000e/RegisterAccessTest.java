// SPDX-License-Identifier: Apache-2.0
package devices.pcie.e1000e;

import static devices.pcie.e1000e.NicMachine.CONVENTIONAL;
import static devices.pcie.e1000e.NicMachine.EXPRESS;
import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Which bits of registers a driver can change, and what they hold before. */
class RegisterAccessTest {

    private static final long ONES = 0xffff_ffffL;

    private NicMachine machine;

    private long at(int offset) {
        return machine.function.readRegister(0, offset, 4);
    }

    private void put(int offset, long value) {
        machine.function.writeRegister(0, offset, 4, value);
    }

    private void takesExactly(int offset, long held, long writable) {
        assertThat(at(offset)).as("after reset").isEqualTo(held);
        put(offset, ONES);
        assertThat(at(offset)).as("ones").isEqualTo(held | writable);
        put(offset, 0);
        assertThat(at(offset)).as("zeros").isEqualTo(held & ~writable);
        put(NicLayout.CTRL.offset(), 1 << 26);
        assertThat(at(offset)).as("after CTRL.RST").isEqualTo(held);
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource({
        "CTRL_EXT, 0x0018, 0, 0xffffffff",
        "ITR, 0x00c4, 0, 0xffff",
        "EIAC, 0x00dc, 0, 0x01f00000",
        "IAM, 0x00e0, 0, 0xffffffff",
        "IVAR, 0x00e4, 0, 0xffffffff",
        "EITR0, 0x00e8, 0, 0xffff",
        "EITR4, 0x00f8, 0, 0xffff",
        "TIPG, 0x0410, 0x00602008, 0xffffffff",
        "EXTCNF_CTRL, 0x0f00, 8, 0xffffffff",
        "PBA, 0x1000, 0x00140014, 0xffff",
        "RDBAL, 0x2800, 0, 0xfffffff0",
        "RDBAH, 0x2804, 0, 0xffffffff",
        "RDLEN, 0x2808, 0, 0x000fff80",
        "RDH, 0x2810, 0, 0xffff",
        "RDT, 0x2818, 0, 0xffff",
        "RDTR, 0x2820, 0, 0xffff",
        "RXDCTL, 0x2828, 0x10000, 0xffffffff",
        "RADV, 0x282c, 0, 0xffff",
        "TDBAL, 0x3800, 0, 0xfffffff0",
        "TDBAH, 0x3804, 0, 0xffffffff",
        "TDLEN, 0x3808, 0, 0x000fff80",
        "TDH, 0x3810, 0, 0xffff",
        "TDT, 0x3818, 0, 0xffff",
        "TIDV, 0x3820, 0, 0xffff",
        "TXDCTL, 0x3828, 0, 0xffffffff",
        "TADV, 0x382c, 0, 0xffff",
        "TARC0, 0x3840, 0x403, 0xffffffff",
        "RXCSUM, 0x5000, 0x300, 0xffffffff",
        "RFCTL, 0x5008, 0, 0xffffffff",
        "MRQC, 0x5818, 0, 0xffffffff",
        "WUC, 0x5800, 0, 0xffffffff",
        "WUFC, 0x5808, 0, 0xffffffff",
        "MANC, 0x5820, 0x10000000, 0xffffffff",
        "GCR, 0x5b00, 0x06800200, 0xffffffff",
        "SWSM, 0x5b50, 1, 0xffffffff",
        "FWSM, 0x5b54, 0, 0",
        "MTA0, 0x5200, 0, 0xffffffff",
        "MTA127, 0x53fc, 0, 0xffffffff",
        "RAL15, 0x5478, 0, 0xffffffff",
        "RAH15, 0x547c, 0, 0xffffffff",
        "VFTA0, 0x5600, 0, 0xffffffff",
        "VFTA127, 0x57fc, 0, 0xffffffff"})
    void registersOfThe82574(String name, String offset, String held, String writable) {
        machine = new NicMachine(EXPRESS);

        takesExactly(Integer.decode(offset), Long.decode(held), Long.decode(writable));
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource({
        "ITR, 0x00c4, 0, 0xffff",
        "TIPG, 0x0410, 0, 0xffffffff",
        "PBA, 0x1000, 0x00100030, 0xffff",
        "RDLEN, 0x2808, 0, 0x000fff80",
        "RXDCTL, 0x2828, 0, 0xffffffff",
        "TDLEN, 0x3808, 0, 0x000fff80",
        "MANC, 0x5820, 0x00222300, 0xffffffff",
        "EIAC, 0x00dc, 0, 0",
        "IAM, 0x00e0, 0, 0",
        "IVAR, 0x00e4, 0, 0",
        "EITR0, 0x00e8, 0, 0",
        "EXTCNF_CTRL, 0x0f00, 0, 0",
        "TARC0, 0x3840, 0, 0",
        "RFCTL, 0x5008, 0, 0",
        "MRQC, 0x5818, 0, 0",
        "GCR, 0x5b00, 0, 0",
        "SWSM, 0x5b50, 0, 0"})
    void registersOfThe82540(String name, String offset, String held, String writable) {
        machine = new NicMachine(CONVENTIONAL);

        takesExactly(Integer.decode(offset), Long.decode(held), Long.decode(writable));
    }

    @ParameterizedTest
    @CsvSource({"0x10d3, 0x00080283", "0x100e, 0x80080783"})
    void statusIsOfTheChip(String id, String value) {
        machine = new NicMachine(Integer.decode(id));
        put(NicLayout.STATUS.offset(), ~Long.decode(value) & 0xffff_ffffL & ~0x400L);

        assertThat(at(NicLayout.STATUS.offset())).isEqualTo(Long.decode(value));
    }

    @Test
    void aResetOfThePhyIsRememberedUntilTheDriverClearsIt() {
        machine = new NicMachine(EXPRESS);
        put(NicLayout.CTRL.offset(), machine.read(NicLayout.CTRL) | 1L << 31);
        assertThat(at(8) & 0x400).as("PHYRA").isEqualTo(0x400);
        assertThat(machine.read(NicLayout.CTRL) >>> 31).as("clears itself").isZero();
        put(8, 0x400);
        assertThat(at(8) & 0x400).as("a written 1 keeps it").isEqualTo(0x400);
        put(8, 0);

        assertThat(at(8) & 0x400).isZero();
        assertThat(machine.context.resets()).as("no reset of the chip").isZero();
    }

    @Test
    void theEepromIsGrantedToWhoeverAsks() {
        machine = new NicMachine(CONVENTIONAL);
        put(0x10, 0x40);
        assertThat(at(0x10) & 0xc0).as("EE_REQ, EE_GNT").isEqualTo(0xc0);
        put(0x10, 0);

        assertThat(at(0x10) & 0xc0).isZero();
    }

    @ParameterizedTest
    @ValueSource(ints = {0x6000, 0x8000, 0x1fffc})
    void beyondTheRegistersThereIsNothing(int offset) {
        machine = new NicMachine(EXPRESS);
        put(offset, ONES);

        assertThat(at(offset)).isZero();
    }

    @ParameterizedTest
    @ValueSource(ints = {EXPRESS, CONVENTIONAL})
    void theWindowTakesAddressesOfTheSpaceAndWholeWordsAlone(int id) {
        machine = new NicMachine(id);
        int bar = id == EXPRESS ? 2 : 1;
        machine.function.writeRegister(bar, 0, 4, 0xfff2_2803L);
        assertThat(machine.function.readRegister(bar, 0, 4)).isEqualTo(0x2800);
        machine.function.writeRegister(bar, 4, 2, 0xfff0);
        assertThat(machine.read(NicLayout.RDBAL)).as("half a word").isZero();
        machine.function.writeRegister(bar, 8, 4, 0xfff0);
        assertThat(machine.function.readRegister(bar, 8, 4)).as("no such port").isZero();
        machine.write(NicLayout.CTRL, 1 << 26);

        assertThat(machine.function.readRegister(bar, 0, 4)).as("after reset").isZero();
    }
}
