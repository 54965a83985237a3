// SPDX-License-Identifier: Apache-2.0
package devices.pcie.uhci;

import static devices.pcie.uhci.UhciMachine.CMD;
import static devices.pcie.uhci.UhciMachine.FLBASE;
import static devices.pcie.uhci.UhciMachine.FRNUM;
import static devices.pcie.uhci.UhciMachine.LEGSUP;
import static devices.pcie.uhci.UhciMachine.PORT1;
import static devices.pcie.uhci.UhciMachine.PORT2;
import static devices.pcie.uhci.UhciMachine.STS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import devices.pcie.link.RegisterBits;
import devices.pcie.link.RegisterBits.Access;
import devices.pcie.usb.FirstKernel;
import iommu.api.pcie.Bar;
import iommu.api.sim.RandomStream;
import iommu.testkit.seeds.Seeds;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Registers against the guide's tables, after a reset by HCRESET. */
class RegisterTableTest {

    private UhciMachine m = new UhciMachine(Map.of());
    private final Access access = new Access(m.function, 4);

    @BeforeEach
    void reset() {
        m.write(CMD, 2);
    }

    @ParameterizedTest(name = "{0} {1}")
    @CsvSource({
        "USBCMD.RS,          0x00/2, 0,     RW,   0",
        "USBCMD.HCRESET,     0x00/2, 1,     SC,   0",
        "USBCMD.GRESET,      0x00/2, 2,     SC,   0",
        "USBCMD.EGSM,        0x00/2, 3,     RW,   0",
        "USBCMD.FGR,         0x00/2, 4,     RW,   0",
        "USBCMD.SWDBG,       0x00/2, 5,     RW,   0",
        "USBCMD.CF,          0x00/2, 6,     RW,   0",
        "USBCMD.MAXP,        0x00/2, 7,     RW,   0",
        "USBCMD.Rsvd,        0x00/2, 15:8,  RO,   0",
        "USBSTS.events,      0x02/2, 4:0,   RW1C, 0",
        "USBSTS.HCHalted,    0x02/2, 5,     RW1C, 1",
        "USBSTS.Rsvd,        0x02/2, 15:6,  RO,   0",
        "USBINTR,            0x04/2, 3:0,   RW,   0",
        "USBINTR.Rsvd,       0x04/2, 15:4,  RO,   0",
        "FRNUM,              0x06/2, 10:0,  RW,   0",
        "FRNUM.Rsvd,         0x06/2, 15:11, RO,   0",
        "FLBASEADD.Rsvd,     0x08/4, 11:0,  RO,   0",
        "FLBASEADD,          0x08/4, 31:12, RW,   0",
        "SOFMOD,             0x0c/1, 6:0,   RW,   0x40",
        "SOFMOD.Rsvd,        0x0c/1, 7,     RO,   0",
        "PORTSC1.CCS,        0x10/2, 0,     RO,   1",
        "PORTSC1.CSC,        0x10/2, 1,     RW1C, 1",
        "PORTSC1.PE,         0x10/2, 2,     RW,   0",
        "PORTSC1.PEC,        0x10/2, 3,     RW1C, 0",
        "PORTSC1.LS,         0x10/2, 5:4,   RO,   2",
        "PORTSC1.RD,         0x10/2, 6,     RW,   0",
        "PORTSC1.one,        0x10/2, 7,     RO,   1",
        "PORTSC1.LSDA,       0x10/2, 8,     RO,   1",
        "PORTSC1.PR,         0x10/2, 9,     RW,   0",
        "PORTSC1.SUSP,       0x10/2, 12,    RW,   0",
        "PORTSC2.CCS,        0x12/2, 0,     RO,   0",
        "PORTSC2.CSC,        0x12/2, 1,     RW1C, 0",
        "PORTSC2.PE,         0x12/2, 2,     RO,   0",
        "PORTSC2.one,        0x12/2, 7,     RO,   1",
        "no PORTSC3,         0x14/2, 15:0,  RO,   0xff7f"})
    void fieldIs(String name, String at, String bits, String kind, String reset) {
        new RegisterBits(at, bits, kind, Long.decode(reset)).check(access);
    }

    @Test
    void itIsIoBehindBarFour() {
        assertThat(m.device.bars()).containsExactly(Bar.io(4, 32));
        assertThat(m.function.bars()).containsExactly(Bar.io(4, 32));
    }

    /** Any width at any place reads and writes the same bytes. */
    @Seeds
    void widthsDoNotMatter(long seed) {
        var random = new RandomStream(seed, "widths");
        var other = new UhciMachine(Map.of());
        other.write(CMD, 2);
        for (int i = 0; i < 200; i++) {
            int bytes = 1 << random.nextInt(4);
            int at = random.nextInt(32 / bytes) * bytes;
            long value = random.nextLong() & ~0x7L; // neither a reset nor a run
            m.function.writeRegister(4, at, bytes, value);
            for (int b = 0; b < bytes; b += Math.min(2, bytes)) {
                other.function.writeRegister(4, at + b, Math.min(2, bytes), value >>> 8 * b);
            }
            for (int b = 0; b < 32; b++) {
                assertThat(m.function.readRegister(4, b, 1)).as("byte %d", b)
                        .isEqualTo(other.function.readRegister(4, b, 1))
                        .isEqualTo(m.function.readRegister(4, b & -8, 8) >>> 8 * (b & 7) & 0xff);
            }
        }
    }

    @Test
    void theFrameNumberIsTheControllersWhileItRuns() {
        m.start(1);
        m.frames(5);
        m.write(FRNUM, 0x123);
        assertThat(m.read(FRNUM)).isEqualTo(5);
        m.write(CMD, 0);
        m.write(FRNUM, 0x123);
        assertThat(m.read(FRNUM)).isEqualTo(0x123);
    }

    @Test
    void aGlobalResetLastsUntilItIsTakenBack() {
        m.start(1);
        m.write(CMD, 4);
        assertThat(m.read(CMD)).isEqualTo(4);
        assertThat(m.read(STS)).isEqualTo(0x20);
        assertThat(m.function.readRegister(4, FLBASE, 4)).isZero();
        m.write(CMD, 0);
        assertThat(m.read(CMD)).isZero();
    }

    @Test
    void aPortInResetIsNotEnabled() {
        m.write(PORT1, 0x204);
        assertThat(m.read(PORT1) & 0x204).isEqualTo(0x200);
        m.write(PORT1, 4);
        assertThat(m.read(PORT1) & 0x204).isEqualTo(4);
    }

    @Test
    void itPowersUpHaltedWithTheKeyboardInUse() {
        m = new UhciMachine(Map.of());
        assertThat(m.read(STS)).isEqualTo(0x20);
        assertThat(m.read(PORT1)).isEqualTo(0x1a5);
        assertThat(m.function.readConfig(LEGSUP, 2)).isEqualTo(0x2000);
        m = new UhciMachine(Map.of("attached", 0L));
        assertThat(m.read(PORT1)).isEqualTo(0x80).isEqualTo(m.read(PORT2));
        m.write(PORT1, 0x200);
        assertThat(m.read(PORT1)).as("nothing to reset").isEqualTo(0x280);
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource({"attached, 2", "legacyUse, -1", "ignoresReset, 7", "reportNanos, -1",
        "wedgesOnAbort, 2"})
    void optionsAreChecked(String name, long value) {
        assertThatIllegalArgumentException().isThrownBy(
                () -> new UhciMachine(Map.of(name, value)))
                .withMessageStartingWith(name + " " + value + ", expected ");
    }

    @Test
    void firmwareNeedsMemoryThatIsReserved() {
        assertThatIllegalArgumentException().isThrownBy(
                () -> new UhciMachine(Map.of("legacyUse", 1L)))
                .withMessage("legacyUse of 0000:00:1d.0: firmware has reserved 0 bytes for it, and"
                        + " needs 8192");
    }

    @ParameterizedTest
    @CsvSource({"0x0c0300, 0, true", "0x0c0310, 0, false", "0x0c0320, 0, false",
        "0x0c0330, 0, false", "0x0c0300, 1, false"})
    void itSitsBehindFunctionsOfItsClass(String classCode, int header, boolean is) {
        assertThat(new UhciModel().accepts(
                FirstKernel.ofClass(Integer.decode(classCode), header))).isEqualTo(is);
    }
}
