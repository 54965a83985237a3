// SPDX-License-Identifier: Apache-2.0
package devices.pcie.ehci;

import static devices.pcie.ehci.EhciMachine.CMD;
import static devices.pcie.ehci.EhciMachine.CONFIG;
import static devices.pcie.ehci.EhciMachine.FRINDEX;
import static devices.pcie.ehci.EhciMachine.LEGSUP;
import static devices.pcie.ehci.EhciMachine.MILLI;
import static devices.pcie.ehci.EhciMachine.PORT1;
import static devices.pcie.ehci.EhciMachine.STS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import devices.pcie.link.RegisterBits;
import devices.pcie.link.RegisterBits.Access;
import devices.pcie.usb.FirstKernel;
import iommu.api.pcie.Bar;
import iommu.testkit.FakeDeviceContext;
import iommu.testkit.FakeFunction;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Registers against the specification's tables, after a reset by HCRESET. */
class RegisterTableTest {

    private EhciMachine m = new EhciMachine(Map.of());
    private final Access access = new Access(m.function, 0);

    @BeforeEach
    void reset() {
        m.write(CMD, 2);
        m.queue.advance(MILLI);
    }

    @ParameterizedTest(name = "{0} {1}")
    @CsvSource({
        "CAPLENGTH,           0x00/1, 7:0,   RO,   0x20",
        "HCIVERSION,          0x02/2, 15:0,  RO,   0x100",
        "N_PORTS,             0x04/4, 3:0,   RO,   6",
        "PPC,                 0x04/4, 4,     RO,   0",
        "N_PCC and N_CC,      0x04/4, 15:8,  RO,   0",
        "HCCPARAMS.64-bit,    0x08/4, 0,     RO,   0",
        "HCCPARAMS.list flag, 0x08/4, 1,     RO,   0",
        "HCCPARAMS.EECP,      0x08/4, 15:8,  RO,   0x68",
        "USBCMD.RS,           0x20/4, 0,     RW,   0",
        "USBCMD.HCRESET,      0x20/4, 1,     SC,   0",
        "USBCMD.FLS,          0x20/4, 3:2,   RO,   0",
        "USBCMD.PSE,          0x20/4, 4,     RW,   0",
        "USBCMD.ASE,          0x20/4, 5,     RW,   0",
        "USBCMD.LHCR,         0x20/4, 7,     RO,   0",
        "USBCMD.ITC,          0x20/4, 23:16, RW,   8",
        "USBSTS.events,       0x24/4, 5:0,   RW1C, 4",
        "USBSTS.HCHalted,     0x24/4, 12,    RO,   1",
        "USBSTS.PSS and ASS,  0x24/4, 15:14, RO,   0",
        "USBINTR,             0x28/4, 5:0,   RW,   0",
        "USBINTR.Rsvd,        0x28/4, 31:6,  RO,   0",
        "FRINDEX,             0x2c/4, 13:0,  RW,   0",
        "FRINDEX.Rsvd,        0x2c/4, 31:14, RO,   0",
        "CTRLDSSEGMENT,       0x30/4, 31:0,  RO,   0",
        "PERIODICLISTBASE,    0x34/4, 31:12, RW,   0",
        "PERIODIC.Rsvd,       0x34/4, 11:0,  RO,   0",
        "ASYNCLISTADDR,       0x38/4, 31:5,  RW,   0",
        "ASYNC.Rsvd,          0x38/4, 4:0,   RO,   0",
        "CONFIGFLAG,          0x60/4, 0,     RW,   0",
        "PORTSC1.CCS,         0x64/4, 0,     RO,   1",
        "PORTSC1.CSC,         0x64/4, 1,     RW1C, 0",
        "PORTSC1.PED,         0x64/4, 2,     RO,   0",
        "PORTSC1.PEDC,        0x64/4, 3,     RW1C, 0",
        "PORTSC1.OCA,         0x64/4, 4,     RO,   0",
        "PORTSC1.FPR,         0x64/4, 6,     RW,   0",
        "PORTSC1.SUSP,        0x64/4, 7,     RW,   0",
        "PORTSC1.PP,          0x64/4, 12,    RO,   1",
        "PORTSC1.PO,          0x64/4, 13,    RO,   0",
        "PORTSC1.wake,        0x64/4, 22:20, RW,   0",
        "PORTSC6.CCS,         0x78/4, 0,     RO,   0",
        "PORTSC6.PR,          0x78/4, 8,     RW,   0",
        "PORTSC6.PP,          0x78/4, 12,    RO,   1",
        "no PORTSC7,          0x7c/4, 31:0,  RO,   0"})
    void fieldIs(String name, String at, String bits, String kind, String reset) {
        if (name.equals("USBSTS.events") || name.equals("PORTSC1.CSC")) {
            connectedOnce(name, at, bits, kind);
        } else {
            new RegisterBits(at, bits, kind, Long.decode(reset)).check(access);
        }
    }

    /** A change is told once: the device was there before the reset. */
    private void connectedOnce(String name, String at, String bits, String kind) {
        assertThat(m.read(PORT1) & 2).as(name).isEqualTo(2);
        assertThat(m.read(STS) & 0x3f).isEqualTo(4);
        new RegisterBits(at, bits, kind, name.startsWith("USBSTS") ? 4 : 1).check(access);
    }

    @Test
    void itIsOneKibibyteBehindBarZero() {
        assertThat(m.device.bars()).containsExactly(Bar.memory(0, 1024));
    }

    @Test
    void itPowersUpHaltedAndInUse() {
        m = new EhciMachine(Map.of());
        assertThat(m.read(STS) & 0xf03f).isEqualTo(0x1000);
        assertThat(m.read(CONFIG)).isEqualTo(1);
        assertThat(m.read(PORT1)).isEqualTo(0x1005);
        assertThat(m.function.readConfig(LEGSUP, 4)).as("firmware's").isEqualTo(0x1_0001);
        assertThat(m.function.readConfig(LEGSUP + 4, 4)).isEqualTo(0x2000);
    }

    /** Of machines whose config space has something else there, it is behind. */
    @ParameterizedTest
    @CsvSource({"0, 0, 0x68", "0x1000001, 0, 0x68", "0x11, 0, 0xa0", "0x11, 0x10001, 0xa0",
        "0x11, 0x5, 0"})
    void theCapabilityIsWhereThereIsRoom(String first, String second, String eecp) {
        var function = new FakeFunction(8, 0x0c0320);
        function.set(0x68, 4, Integer.decode(first));
        function.set(0xa0, 4, Integer.decode(second));
        var context = new FakeDeviceContext(function, null, m.queue, Map.of());
        function.device(new EhciModel().device(context));
        assertThat(function.readRegister(0, 9, 1)).isEqualTo((long) Long.decode(eecp));
        assertThat(function.readConfig(0x68, 4)).isEqualTo(eecp.equals("0x68")
                && first.equals("0") ? 0x1_0001 : Integer.decode(first));
    }

    @Test
    void theIndexRunsEightMicroframesAMillisecond() {
        m.write(CMD, 1);
        m.queue.advance(10 * MILLI);
        assertThat(m.read(FRINDEX)).isEqualTo(80);
        m.queue.advance(1013 * MILLI);
        assertThat(m.read(STS) & 8).isZero();
        m.queue.advance(MILLI);
        assertThat(m.read(FRINDEX)).isEqualTo(0x2000);
        assertThat(m.read(STS) & 8).as("rollover of the list").isEqualTo(8);
        m.queue.advance(1024 * MILLI);
        assertThat(m.read(FRINDEX)).as("14 bits").isZero();
    }

    @Test
    void aResetTakesItsTimeAndNoWrites() {
        m.write(CMD, 2);
        assertThat(m.read(CMD)).isEqualTo(0x8_0002);
        m.write(CONFIG, 1);
        m.queue.advance(MILLI);
        assertThat(m.read(CMD)).isEqualTo(0x8_0000);
        assertThat(m.read(CONFIG)).isZero();
    }

    // ---- ports ----------------------------------------------------------------------------------

    @Test
    void aPortIsEnabledByItsReset() {
        m.write(PORT1, 0x100);
        assertThat(m.read(PORT1) & 0x105).isEqualTo(0x101);
        m.write(PORT1, 0);
        assertThat(m.read(PORT1) & 0x105).isEqualTo(0x005);
        m.write(PORT1, 4);
        assertThat(m.read(PORT1) & 4).as("a one changes nothing").isEqualTo(4);
        m.write(PORT1, 0);
        assertThat(m.read(PORT1) & 4).isZero();
        m.write(PORT1, 4);
        assertThat(m.read(PORT1) & 4).isZero();
    }

    /** The first four ports have companions, and are theirs until this one is configured. */
    @Test
    void companionsHaveThePortsUntilItIsConfigured() {
        m = new EhciMachine(Map.of("companions", 2L));
        assertThat(m.read(4)).isEqualTo(0x2206);
        m.write(CMD, 2);
        m.queue.advance(MILLI);
        assertThat(m.read(PORT1)).as("nothing to be seen").isEqualTo(0x3000);
        assertThat(m.read(PORT1 + 12) & 0x2000).isEqualTo(0x2000);
        assertThat(m.read(PORT1 + 16) & 0x2000).isZero();
        m.write(CONFIG, 1);
        assertThat(m.read(PORT1)).isEqualTo(0x1003);
        m.write(PORT1, 0x2000);
        assertThat(m.read(PORT1) & 0x2001).as("handed over").isEqualTo(0x2000);
        m.write(PORT1, 0);
        assertThat(m.read(PORT1) & 0x2001).as("and taken back").isEqualTo(1);
        m.write(CONFIG, 0);
        assertThat(m.read(PORT1) & 0x2001).isEqualTo(0x2000);
        m.write(PORT1 + 16, 0x2000);
        assertThat(m.read(PORT1 + 16) & 0x2000).as("no companion").isZero();
    }

    @Test
    void aConnectionIsTold() {
        m = new EhciMachine(Map.of("companions", 1L));
        m.write(CMD, 2);
        m.queue.advance(MILLI);
        m.write(STS, 0x3f);
        m.write(0x28, 4);
        assertThat(m.function.pinAsserted()).isFalse();
        m.write(CONFIG, 1);
        assertThat(m.read(STS) & 4).isEqualTo(4);
        assertThat(m.function.pinAsserted()).isTrue();
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource({"attached, 2", "legacyUse, -1", "ignoresReset, 7", "reportNanos, -1",
        "wedgesOnAbort, 2", "companions, 4", "companions, -1", "asyncNanos, 9999",
        "asyncNanos, 1000000001", "resetNanos, -1", "handOffNanos, -2", "mediumNanos, -1"})
    void optionsAreChecked(String name, long value) {
        assertThatIllegalArgumentException().isThrownBy(
                () -> new EhciMachine(Map.of(name, value)))
                .withMessageStartingWith(name + " " + value + ", expected ");
    }

    @Test
    void firmwareNeedsMemoryThatIsReserved() {
        assertThatIllegalArgumentException().isThrownBy(
                () -> new EhciMachine(Map.of("legacyUse", 1L, "reservedBytes", 0x1000L)))
                .withMessage("legacyUse of 0000:00:1d.0: firmware has reserved 4096 bytes for it,"
                        + " and needs 8192");
    }

    @ParameterizedTest
    @CsvSource({"0x0c0320, 0, true", "0x0c0310, 0, false", "0x0c0300, 0, false",
        "0x0c0330, 0, false", "0x0c0320, 1, false"})
    void itSitsBehindFunctionsOfItsClass(String classCode, int header, boolean is) {
        assertThat(new EhciModel().accepts(
                FirstKernel.ofClass(Integer.decode(classCode), header))).isEqualTo(is);
    }
}
