// SPDX-License-Identifier: Apache-2.0
package devices.pcie.e1000e;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The registers of the PHYs. */
class PhyTest {

    private final Phy phy = new Phy(Chip.L82574);

    @ParameterizedTest
    @CsvSource({
        "L82574, 0, 0x1140", "L82574, 1, 0x794d", "L82574, 2, 0x0141", "L82574, 3, 0x0cb1",
        "L82574, 4, 0x0de1", "L82574, 5, 0x07e0", "L82574, 6, 4", "L82574, 7, 0x2001",
        "L82574, 9, 0x0f00", "L82574, 10, 0x3c00", "L82574, 15, 0x3000", "L82574, 16, 0x3360",
        "L82574, 17, 0xac08", "L82540EM, 0, 0x1140", "L82540EM, 1, 0x794d",
        "L82540EM, 2, 0x0141", "L82540EM, 3, 0x0c20", "L82540EM, 4, 0x0de1",
        "L82540EM, 5, 0x01e0", "L82540EM, 9, 0x0e00", "L82540EM, 10, 0x3c00",
        "L82540EM, 16, 0x0360", "L82540EM, 17, 0xac00", "L82540EM, 20, 0x0d60"})
    void registersAfterReset(Chip chip, int register, String value) {
        var own = new Phy(chip);

        assertThat(own.has(register)).isTrue();
        assertThat(own.read(register)).isEqualTo(Integer.decode(value));
    }

    @ParameterizedTest
    @CsvSource({"L82574, 8, true", "L82574, 11, false", "L82574, 14, false", "L82574, 22, true",
        "L82574, 23, false", "L82574, 26, true", "L82574, 31, false", "L82540EM, 7, false",
        "L82540EM, 8, false", "L82540EM, 15, false", "L82540EM, 18, false",
        "L82540EM, 21, true", "L82540EM, 22, false"})
    void registersThatAreThere(Chip chip, int register, boolean there) {
        assertThat(new Phy(chip).has(register)).isEqualTo(there);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 5, 6, 10, 15, 17})
    void identifiersAndStatusTakeNoWrites(int register) {
        int before = phy.read(register);
        phy.write(register, ~before & 0xffff);

        assertThat(phy.read(register)).isEqualTo(before);
    }

    @ParameterizedTest
    @CsvSource({"4, 0xffff, 0xffff", "7, 0x2801, 0x2801", "9, 0x0300, 0x0300",
        "16, 0x0060, 0x0060", "20, 0x0070, 0x0070", "22, 0xffff, 0x7f",
        "0, 0x2100, 0x2100", "0, 0x0a3f, 0x0800", "0, 0x1340, 0x1140"})
    void othersDo(int register, String written, String read) {
        phy.write(register, Integer.decode(written));

        assertThat(phy.read(register)).isEqualTo(Integer.decode(read));
    }

    @ParameterizedTest
    @CsvSource({"0x1340, true", "0x1140, false", "0x0340, false", "0x9340, false"})
    void negotiationStartsIfItIsEnabledAndAskedFor(String control, boolean starts) {
        phy.negotiated();

        assertThat(phy.write(Phy.CONTROL, Integer.decode(control))).isEqualTo(starts);
        assertThat(phy.hasLink()).isEqualTo(!starts);
        assertThat(phy.read(Phy.STATUS) & 0x24).as("link, negotiated")
                .isEqualTo(Integer.decode(control) < 0x8000 && !starts ? 0x24 : starts ? 0 : 4);
    }

    @ParameterizedTest
    @EnumSource(Chip.class)
    void itsOwnResetBringsRegistersBackAndNoLink(Chip chip) {
        var own = new Phy(chip);
        own.write(Phy.CONTROL, 0x1340);
        own.write(4, 0x01e1);
        own.write(Phy.CONTROL, 0x8000);

        assertThat(own.read(4)).isEqualTo(0x0de1);
        assertThat(own.read(Phy.CONTROL)).as("bit 15 clears itself").isEqualTo(0x1140);
        assertThat(own.hasLink()).as("negotiation goes on").isFalse();
        assertThat(own.read(Phy.STATUS)).isEqualTo(0x7949);
    }

    @Test
    void loopbackIsABitOfControl() {
        assertThat(phy.loopsBack()).isFalse();
        phy.write(Phy.CONTROL, 0x4140);
        assertThat(phy.loopsBack()).isTrue();
        phy.reset();

        assertThat(phy.loopsBack()).isFalse();
    }

    @ParameterizedTest
    @CsvSource({"0x08220000, 0x18220141, 0", "0x28220000, 0x38220141, 0x200",
        "0x08420000, 0x58420000, 0", "0x28420000, 0x78420000, 0x200",
        "0x080b0000, 0x580b0000, 0", "0x04240de0, 0x14240de0, 0",
        "0x00220000, 0x10220000, 0"})
    void mdicAnswersAtOnce(String written, String read, String causes) {
        var machine = new NicMachine(NicMachine.EXPRESS);
        machine.write(NicLayout.MDIC, Long.decode(written));

        assertThat(machine.read(NicLayout.MDIC)).isEqualTo(Long.decode(read));
        assertThat(machine.read(NicLayout.ICR)).as("MDAC").isEqualTo(Long.decode(causes));
    }
}
