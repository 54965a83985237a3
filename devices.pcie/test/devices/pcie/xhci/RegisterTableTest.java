// SPDX-License-Identifier: Apache-2.0
package devices.pcie.xhci;

import static org.assertj.core.api.Assertions.assertThat;

import devices.pcie.link.RegisterBits;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Each field of each register: xHCI 1.1, chapter "Register Interface", as this one has it. */
class RegisterTableTest {

    private final XhciMachine m = new XhciMachine(Map.of());
    private final RegisterBits.Access access = new RegisterBits.Access(m.function, 0);

    @ParameterizedTest(name = "{0} {1}")
    @CsvSource({
        "CAPLENGTH,             0x00/4, 7:0,   RO,   0x40",
        "CAPLENGTH.Rsvd,        0x00/4, 15:8,  RO,   0",
        "HCIVERSION,            0x00/4, 31:16, RO,   0x100",
        "HCSPARAMS1.MaxSlots,   0x04/4, 7:0,   RO,   8",
        "HCSPARAMS1.MaxIntrs,   0x04/4, 18:8,  RO,   2",
        "HCSPARAMS1.MaxPorts,   0x04/4, 31:24, RO,   4",
        "HCSPARAMS2.IST,        0x08/4, 3:0,   RO,   0xf",
        "HCSPARAMS2.ERSTMax,    0x08/4, 7:4,   RO,   0",
        "HCSPARAMS2.SpbHi,      0x08/4, 25:21, RO,   0",
        "HCSPARAMS2.SPR,        0x08/4, 26,    RO,   0",
        "HCSPARAMS2.SpbLo,      0x08/4, 31:27, RO,   0",
        "HCSPARAMS3.U1Latency,  0x0c/4, 7:0,   RO,   0",
        "HCSPARAMS3.U2Latency,  0x0c/4, 31:16, RO,   0",
        "HCCPARAMS1.AC64,       0x10/4, 0,     RO,   1",
        "HCCPARAMS1.BNC,        0x10/4, 1,     RO,   0",
        "HCCPARAMS1.CSZ,        0x10/4, 2,     RO,   0",
        "HCCPARAMS1.PPC,        0x10/4, 3,     RO,   0",
        "HCCPARAMS1.PIND,       0x10/4, 4,     RO,   0",
        "HCCPARAMS1.LHRC,       0x10/4, 5,     RO,   0",
        "HCCPARAMS1.MaxPSASize, 0x10/4, 15:12, RO,   0",
        "HCCPARAMS1.xECP,       0x10/4, 31:16, RO,   8",
        "DBOFF,                 0x14/4, 31:2,  RO,   0x600",
        "RTSOFF,                0x18/4, 31:5,  RO,   0x80",
        "HCCPARAMS2,            0x1c/4, 31:0,  RO,   0",
        "SUPPORTED.Id,          0x20/4, 7:0,   RO,   2",
        "SUPPORTED.Next,        0x20/4, 15:8,  RO,   4",
        "SUPPORTED.Minor,       0x20/4, 23:16, RO,   0",
        "SUPPORTED.Major,       0x20/4, 31:24, RO,   3",
        "SUPPORTED.Name,        0x24/4, 31:0,  RO,   0x20425355",
        "SUPPORTED.FirstPort,   0x28/4, 7:0,   RO,   1",
        "SUPPORTED.Ports,       0x28/4, 15:8,  RO,   4",
        "SUPPORTED.PSIC,        0x28/4, 31:28, RO,   0",
        "USBLEGSUP.Id,          0x30/4, 7:0,   RO,   1",
        "USBLEGSUP.Next,        0x30/4, 15:8,  RO,   0",
        "USBLEGSUP.BiosOwned,   0x30/4, 16,    RW,   1",
        "USBLEGSUP.OsOwned,     0x30/4, 24,    RW,   0",
        "USBLEGCTLSTS.SmiEn,    0x34/4, 0,     RW,   0",
        "USBLEGCTLSTS.HseEn,    0x34/4, 4,     RW,   0",
        "USBLEGCTLSTS.Rsvd,     0x34/4, 12:5,  RO,   0",
        "USBLEGCTLSTS.OsEn,     0x34/4, 13,    RW,   1",
        "USBLEGCTLSTS.CmdEn,    0x34/4, 14,    RW,   0",
        "USBLEGCTLSTS.BarEn,    0x34/4, 15,    RW,   0",
        "USBLEGCTLSTS.Event,    0x34/4, 16,    RO,   0",
        "USBLEGCTLSTS.Change,   0x34/4, 31:29, RW1C, 0"})
    void capabilityFieldIs(String name, String at, String bits, String kind, String reset) {
        new RegisterBits(at, bits, kind, Long.decode(reset)).check(access);
    }

    @ParameterizedTest(name = "{0} {1}")
    @CsvSource({
        "USBCMD.RS,             0x40/4, 0,     RW,   0",
        "USBCMD.HCRST,          0x40/4, 1,     SC,   0",
        "USBCMD.INTE,           0x40/4, 2,     RW,   0",
        "USBCMD.HSEE,           0x40/4, 3,     RW,   0",
        "USBCMD.LHCRST,         0x40/4, 7,     RO,   0",
        "USBCMD.CSS,            0x40/4, 8,     RO,   0",
        "USBCMD.CRS,            0x40/4, 9,     RO,   0",
        "USBCMD.EWE,            0x40/4, 10,    RW,   0",
        "USBCMD.EU3S,           0x40/4, 11,    RO,   0",
        "USBSTS.HCH,            0x44/4, 0,     RO,   1",
        "USBSTS.HSE,            0x44/4, 2,     RW1C, 0",
        "USBSTS.EINT,           0x44/4, 3,     RW1C, 0",
        "USBSTS.PCD,            0x44/4, 4,     RW1C, 1",
        "USBSTS.SSS,            0x44/4, 8,     RO,   0",
        "USBSTS.RSS,            0x44/4, 9,     RO,   0",
        "USBSTS.SRE,            0x44/4, 10,    RW1C, 0",
        "USBSTS.CNR,            0x44/4, 11,    RO,   0",
        "USBSTS.HCE,            0x44/4, 12,    RO,   0",
        "PAGESIZE,              0x48/4, 15:0,  RO,   1",
        "DNCTRL,                0x54/4, 15:0,  RW,   0",
        "DNCTRL.Rsvd,           0x54/4, 31:16, RO,   0",
        "CRCR.RCS,              0x58/8, 0,     WO,   0",
        "CRCR.CS,               0x58/8, 1,     WO,   0",
        "CRCR.CA,               0x58/8, 2,     WO,   0",
        "CRCR.CRR,              0x58/8, 3,     RO,   0",
        "CRCR.Pointer,          0x58/8, 63:6,  WO,   0",
        "DCBAAP.Rsvd,           0x70/8, 5:0,   RO,   0",
        "DCBAAP.Pointer,        0x70/8, 63:6,  RW,   0",
        "CONFIG.MaxSlotsEn,     0x78/4, 7:0,   RW,   0",
        "CONFIG.Rsvd,           0x78/4, 31:10, RO,   0"})
    void operationalFieldIs(String name, String at, String bits, String kind, String reset) {
        new RegisterBits(at, bits, kind, Long.decode(reset)).check(access);
    }

    @ParameterizedTest(name = "{0} {1}")
    @CsvSource({
        "PORTSC1.CCS,           0x440/4, 0,     RO,   1",
        "PORTSC1.PED,           0x440/4, 1,     RW1C, 1",
        "PORTSC1.OCA,           0x440/4, 3,     RO,   0",
        "PORTSC1.PR,            0x440/4, 4,     SC,   0",
        "PORTSC1.PLS,           0x440/4, 8:5,   RO,   0",
        "PORTSC1.PP,            0x440/4, 9,     RW,   1",
        "PORTSC1.Speed,         0x440/4, 13:10, RO,   4",
        "PORTSC1.PIC,           0x440/4, 15:14, RO,   0",
        "PORTSC1.CSC,           0x440/4, 17,    RW1C, 1",
        "PORTSC1.PEC,           0x440/4, 18,    RW1C, 0",
        "PORTSC1.WRC,           0x440/4, 19,    RW1C, 0",
        "PORTSC1.OCC,           0x440/4, 20,    RW1C, 0",
        "PORTSC1.PRC,           0x440/4, 21,    RW1C, 0",
        "PORTSC1.PLC,           0x440/4, 22,    RW1C, 0",
        "PORTSC1.CEC,           0x440/4, 23,    RW1C, 0",
        "PORTSC2.CCS,           0x450/4, 0,     RO,   0",
        "PORTSC2.PED,           0x450/4, 1,     RW1C, 0",
        "PORTSC2.PLS,           0x450/4, 8:5,   RO,   5",
        "PORTSC2.PP,            0x450/4, 9,     RW,   1",
        "PORTSC2.Speed,         0x450/4, 13:10, RO,   0",
        "PORTSC3.PLS,           0x460/4, 8:5,   RO,   5",
        "PORTSC3.PP,            0x460/4, 9,     RW,   1",
        "PORTSC4.PLS,           0x470/4, 8:5,   RO,   5",
        "PORTSC4.PP,            0x470/4, 9,     RW,   1",
        "no PORTSC5,            0x480/4, 31:0,  RO,   0"})
    void portFieldIs(String name, String at, String bits, String kind, String reset) {
        new RegisterBits(at, bits, kind, Long.decode(reset)).check(access);
    }

    @ParameterizedTest(name = "{0} {1}")
    @CsvSource({
        "MFINDEX,               0x1000/4, 13:0, RO,   0",
        "IMAN0.IP,              0x1020/4, 0,    RW1C, 0",
        "IMAN0.IE,              0x1020/4, 1,    RW,   0",
        "IMAN0.Rsvd,            0x1020/4, 31:2, RO,   0",
        "IMOD0.IMODI,           0x1024/4, 15:0, RW,   0",
        "IMOD0.IMODC,           0x1024/4, 31:16, RW,  0",
        "ERSTSZ0,               0x1028/4, 15:0, RW,   0",
        "ERSTSZ0.Rsvd,          0x1028/4, 31:16, RO,  0",
        "ERSTBA0.Rsvd,          0x1030/8, 5:0,  RO,   0",
        "ERSTBA0,               0x1030/8, 63:6, RW,   0",
        "ERDP0.EHB,             0x1038/8, 3,    RW1C, 0",
        "ERDP0,                 0x1038/8, 63:4, RW,   0",
        "IMAN1.IP,              0x1040/4, 0,    RW1C, 0",
        "IMAN1.IE,              0x1040/4, 1,    RW,   0",
        "IMOD1,                 0x1044/4, 31:0, RW,   0",
        "ERSTSZ1,               0x1048/4, 15:0, RW,   0",
        "ERSTBA1,               0x1050/8, 63:6, RW,   0",
        "ERDP1,                 0x1058/8, 63:4, RW,   0"})
    void runtimeFieldIs(String name, String at, String bits, String kind, String reset) {
        new RegisterBits(at, bits, kind, Long.decode(reset)).check(access);
    }

    @ParameterizedTest
    @CsvSource({"0x1060, 4", "0x17fc, 4", "0x1800, 4", "0x1820, 4", "0x1824, 4", "0x3ff8, 8"})
    void whereNoRegisterIsZerosAreRead(String offset, int bytes) {
        access.write(Integer.decode(offset), bytes, -1);
        assertThat(access.read(Integer.decode(offset), bytes)).isZero();
    }

    @ParameterizedTest
    @CsvSource({"0x70, 1, 0xc0", "0x71, 1, 0xff", "0x70, 2, 0xffc0", "0x72, 2, 0xffff",
        "0x70, 4, 0xffffffc0", "0x74, 4, 0xffffffff"})
    void aPartOfARegisterIsWrittenAndReadAlone(String offset, int bytes, String value) {
        int at = Integer.decode(offset);
        access.write(at, bytes, -1L >>> 64 - 8 * bytes);
        assertThat(access.read(at, bytes)).isEqualTo((long) Long.decode(value));
        assertThat(access.read(0x70, 8)).isEqualTo(Long.decode(value) << 8 * (at - 0x70));
    }

    @Test
    void theSecondHalfOfARegisterIsReadAloneToo() {
        access.write(0x1030, 8, 0x1234_5678_9abc_de00L);
        assertThat(access.read(0x1030, 4)).isEqualTo(0x9abc_de00L);
        assertThat(access.read(0x1034, 4)).isEqualTo(0x1234_5678L);
        access.write(0x1034, 4, 0xffff_0000L);
        assertThat(access.read(0x1030, 8)).isEqualTo(0xffff_0000_9abc_de00L);
    }

    @Test
    void withNothingPluggedInAllPortsAreAlike() {
        var empty = new XhciMachine(Map.of(XhciOptions.ATTACHED, 0L));
        for (int port = 0; port < 4; port++) {
            assertThat(empty.read(XhciMachine.PORTSC + 0x10 * port)).isEqualTo(0x2a0);
        }
        assertThat(empty.read(XhciMachine.USBSTS)).as("no change of a port").isEqualTo(1);
        empty.write(XhciMachine.PORTSC, 0x210);
        assertThat(empty.queue.pending()).as("nothing to reset").isZero();
    }

    @Test
    void registersTakeNoWriteWhileItIsInReset() {
        access.write(0x70, 8, 0x4000);
        access.write(0x40, 4, 2);
        access.write(0x70, 8, 0x8000);
        access.write(0x78, 4, 8);
        assertThat(access.read(0x70, 8)).as("neither kept nor taken").isZero();
        m.settle();
        assertThat(access.read(0x78, 4)).isZero();
        access.write(0x70, 8, 0x8000);
        assertThat(access.read(0x70, 8)).isEqualTo(0x8000);
    }
}
