// SPDX-License-Identifier: Apache-2.0
package devices.pcie.ahci;

import static org.assertj.core.api.Assertions.assertThat;

import devices.pcie.link.RegisterBits;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Each field of each register: AHCI 1.3.1, chapter "HBA Memory Registers", of an ICH9. */
class RegisterTableTest {

    private final AhciMachine m = new AhciMachine(Map.of());
    private final RegisterBits.Access access = new RegisterBits.Access(m.function, 5);

    @ParameterizedTest(name = "{0} {1}")
    @CsvSource({
        "CAP.NP,       0x00/4, 4:0,   RO,   5", "CAP.SXS,      0x00/4, 5,     RO,   0",
        "CAP.EMS,      0x00/4, 6,     RO,   0", "CAP.CCCS,     0x00/4, 7,     RO,   0",
        "CAP.NCS,      0x00/4, 12:8,  RO,   31", "CAP.PSC,      0x00/4, 13,    RO,   0",
        "CAP.SSC,      0x00/4, 14,    RO,   0", "CAP.PMD,      0x00/4, 15,    RO,   0",
        "CAP.FBSS,     0x00/4, 16,    RO,   0", "CAP.SPM,      0x00/4, 17,    RO,   0",
        "CAP.SAM,      0x00/4, 18,    RO,   1", "CAP.ISS,      0x00/4, 23:20, RO,   1",
        "CAP.SCLO,     0x00/4, 24,    RO,   0", "CAP.SAL,      0x00/4, 25,    RO,   0",
        "CAP.SALP,     0x00/4, 26,    RO,   0", "CAP.SSS,      0x00/4, 27,    RO,   0",
        "CAP.SMPS,     0x00/4, 28,    RO,   0", "CAP.SSNTF,    0x00/4, 29,    RO,   0",
        "CAP.SNCQ,     0x00/4, 30,    RO,   1", "CAP.S64A,     0x00/4, 31,    RO,   1",
        "GHC.HR,       0x04/4, 0,     SC,   0", "GHC.IE,       0x04/4, 1,     RW,   0",
        "GHC.MRSM,     0x04/4, 2,     RO,   0", "GHC.AE,       0x04/4, 31,    RO,   1",
        "IS.IPS,       0x08/4, 5:0,   RW1C, 0", "IS.Rsvd,      0x08/4, 31:6,  RO,   0",
        "PI,           0x0c/4, 31:0,  RO,   0x3f", "VS.MNR,       0x10/4, 15:0,  RO,   0",
        "VS.MJR,       0x10/4, 31:16, RO,   1", "CCC_CTL,      0x14/4, 31:0,  RO,   0",
        "CCC_PORTS,    0x18/4, 31:0,  RO,   0", "EM_LOC,       0x1c/4, 31:0,  RO,   0",
        "EM_CTL,       0x20/4, 31:0,  RO,   0", "CAP2,         0x24/4, 31:0,  RO,   0",
        "BOHC,         0x28/4, 31:0,  RO,   0", "vendor,       0xa0/4, 31:0,  RO,   0"})
    void hostFieldIs(String name, String at, String bits, String kind, String reset) {
        new RegisterBits(at, bits, kind, Long.decode(reset)).check(access);
    }

    @ParameterizedTest(name = "{0} {1}")
    @CsvSource({
        "P0CLB.Rsvd,   0x100/4, 9:0,   RO,   0", "P0CLB,        0x100/4, 31:10, RW,   0",
        "P0CLBU,       0x104/4, 31:0,  RW,   0", "P0FB.Rsvd,    0x108/4, 7:0,   RO,   0",
        "P0FB,         0x108/4, 31:8,  RW,   0", "P0FBU,        0x10c/4, 31:0,  RW,   0",
        "P0IS.DHRS,    0x110/4, 0,     RW1C, 0", "P0IS.PSS,     0x110/4, 1,     RW1C, 0",
        "P0IS.DSS,     0x110/4, 2,     RW1C, 0", "P0IS.SDBS,    0x110/4, 3,     RW1C, 0",
        "P0IS.UFS,     0x110/4, 4,     RO,   0", "P0IS.DPS,     0x110/4, 5,     RW1C, 0",
        "P0IS.PCS,     0x110/4, 6,     RO,   0", "P0IS.DMPS,    0x110/4, 7,     RW1C, 0",
        "P0IS.PRCS,    0x110/4, 22,    RO,   0", "P0IS.IPMS,    0x110/4, 23,    RW1C, 0",
        "P0IS.OFS,     0x110/4, 24,    RW1C, 0", "P0IS.INFS,    0x110/4, 26,    RW1C, 0",
        "P0IS.IFS,     0x110/4, 27,    RW1C, 0", "P0IS.HBDS,    0x110/4, 28,    RW1C, 0",
        "P0IS.HBFS,    0x110/4, 29,    RW1C, 0", "P0IS.TFES,    0x110/4, 30,    RW1C, 0",
        "P0IS.CPDS,    0x110/4, 31,    RW1C, 0",
        "P0IE.DHRE,    0x114/4, 0,     RW,   0", "P0IE.PSE,     0x114/4, 1,     RW,   0",
        "P0IE.DSE,     0x114/4, 2,     RW,   0", "P0IE.SDBE,    0x114/4, 3,     RW,   0",
        "P0IE.UFE,     0x114/4, 4,     RW,   0", "P0IE.DPE,     0x114/4, 5,     RW,   0",
        "P0IE.PCE,     0x114/4, 6,     RW,   0", "P0IE.DMPE,    0x114/4, 7,     RW,   0",
        "P0IE.Rsvd,    0x114/4, 21:8,  RO,   0", "P0IE.PRCE,    0x114/4, 22,    RW,   0",
        "P0IE.IPME,    0x114/4, 23,    RW,   0", "P0IE.OFE,     0x114/4, 24,    RW,   0",
        "P0IE.Rsvd25,  0x114/4, 25,    RO,   0", "P0IE.INFE,    0x114/4, 26,    RW,   0",
        "P0IE.IFE,     0x114/4, 27,    RW,   0", "P0IE.HBDE,    0x114/4, 28,    RW,   0",
        "P0IE.HBFE,    0x114/4, 29,    RW,   0", "P0IE.TFEE,    0x114/4, 30,    RW,   0",
        "P0IE.CPDE,    0x114/4, 31,    RW,   0"})
    void portAddressAndInterruptFieldIs(String name, String at, String bits, String kind,
            String reset) {
        new RegisterBits(at, bits, kind, Long.decode(reset)).check(access);
    }

    @ParameterizedTest(name = "{0} {1}")
    @CsvSource({
        "P0CMD.ST,     0x118/4, 0,     RW,   0", "P0CMD.SUD,    0x118/4, 1,     RO,   1",
        "P0CMD.POD,    0x118/4, 2,     RO,   1", "P0CMD.CLO,    0x118/4, 3,     RO,   0",
        "P0CMD.FRE,    0x118/4, 4,     RW,   0", "P0CMD.CCS,    0x118/4, 12:8,  RO,   0",
        "P0CMD.MPSS,   0x118/4, 13,    RO,   0", "P0CMD.FR,     0x118/4, 14,    RO,   0",
        "P0CMD.CR,     0x118/4, 15,    RO,   0", "P0CMD.CPS,    0x118/4, 16,    RO,   0",
        "P0CMD.PMA,    0x118/4, 17,    RO,   0", "P0CMD.HPCP,   0x118/4, 18,    RO,   0",
        "P0CMD.MPSP,   0x118/4, 19,    RO,   0", "P0CMD.CPD,    0x118/4, 20,    RO,   0",
        "P0CMD.ESP,    0x118/4, 21,    RO,   0", "P0CMD.FBSCP,  0x118/4, 22,    RO,   0",
        "P0CMD.ICC,    0x118/4, 31:28, RO,   0",
        "P0TFD.STS,    0x120/4, 7:0,   RO,   0x7f", "P0TFD.ERR,    0x120/4, 15:8,  RO,   0",
        "P0SIG,        0x124/4, 31:0,  RO,   0xffffffff",
        "P0SSTS.DET,   0x128/4, 3:0,   RO,   3", "P0SSTS.SPD,   0x128/4, 7:4,   RO,   1",
        "P0SSTS.IPM,   0x128/4, 11:8,  RO,   1",
        "P0SCTL.DET,   0x12c/4, 3:0,   RW,   0", "P0SCTL.SPD,   0x12c/4, 7:4,   RW,   0",
        "P0SCTL.IPM,   0x12c/4, 11:8,  RW,   0", "P0SCTL.SPM,   0x12c/4, 15:12, RO,   0",
        "P0SERR.ERR,   0x130/4, 15:0,  RW1C, 0", "P0SERR.DIAG,  0x130/4, 31:16, RW1C, 0",
        "P0SACT,       0x134/4, 31:0,  RO,   0", "P0CI,         0x138/4, 31:0,  RO,   0",
        "P0SNTF,       0x13c/4, 31:0,  RO,   0", "P0FBS,        0x140/4, 31:0,  RO,   0",
        "P1TFD.STS,    0x1a0/4, 7:0,   RO,   0x7f", "P1SSTS,       0x1a8/4, 31:0,  RO,   0",
        "P1SIG,        0x1a4/4, 31:0,  RO,   0xffffffff",
        "P5CLB,        0x380/4, 31:10, RW,   0", "P5SERR,       0x3b0/4, 31:0,  RW1C, 0",
        "no P6CLB,     0x400/4, 31:0,  RO,   0", "no P6IE,      0x414/4, 31:0,  RO,   0"})
    void portStateFieldIs(String name, String at, String bits, String kind, String reset) {
        new RegisterBits(at, bits, kind, Long.decode(reset)).check(access);
    }

    // ---- what follows from what -----------------------------------------------------------------

    /** SACT and CI take ones while ST is set, and keep them from zeros. */
    @ParameterizedTest
    @ValueSource(ints = {0x134, 0x138})
    void commandsAreIssuedWhileTheListIsProcessedOnly(int register) {
        m.function.writeConfig(4, 2, 3);
        access.write(register, 4, 1 << 7);
        assertThat(access.read(register, 4)).isZero();
        access.write(0x118, 4, 1);
        access.write(register, 4, 1 << 7);
        access.write(register, 4, 0);
        access.write(register, 4, 1 << 9);
        assertThat(access.read(register, 4)).isEqualTo(0x280);
        access.write(0x118, 4, 0);
        assertThat(access.read(register, 4)).as("stopped").isZero();
    }

    @ParameterizedTest(name = "port {0}")
    @ValueSource(ints = {0, 1, 5})
    void startingShowsInCommandListRunningAndReceiveRunning(int port) {
        int command = 0x118 + 0x80 * port;
        access.write(command, 4, 0x10);
        assertThat(access.read(command, 4)).isEqualTo(0x4016);
        access.write(command, 4, 0x11);
        assertThat(access.read(command, 4)).isEqualTo(0xc017);
        access.write(command, 4, 0x01);
        assertThat(access.read(command, 4)).isEqualTo(0x8007);
        access.write(command, 4, 0);
        assertThat(access.read(command, 4)).isEqualTo(0x0006);
    }

    /** DET of SCTL: 1 resets the link, 4 puts it offline, others do nothing. */
    @ParameterizedTest(name = "DET {0}")
    @CsvSource({"0, 0x113, 0x113", "1, 0, 0x113", "2, 0x113, 0x113", "3, 0x113, 0x113",
        "4, 4, 0x113"})
    void theLinkGoesAsItsControlSays(int detection, String meanwhile, String after) {
        access.write(0x12c, 4, 0x300 | detection);
        assertThat(access.read(0x128, 4)).isEqualTo((long) Long.decode(meanwhile));
        access.write(0x12c, 4, 0x300);
        m.clock.advance(1000 * AhciMachine.MILLI);
        assertThat(access.read(0x128, 4)).isEqualTo((long) Long.decode(after));
    }

    @Test
    void aLinkThatIsResetTellsOfItInErrorsAndCauses() {
        access.write(0x12c, 4, 1);
        access.write(0x12c, 4, 0);
        m.clock.advance(1000 * AhciMachine.MILLI);
        assertThat(access.read(0x130, 4)).as("DIAG.X and DIAG.N").isEqualTo(0x0401_0000);
        assertThat(access.read(0x110, 4)).as("PCS and PRCS").isEqualTo(0x0040_0040);
        access.write(0x110, 4, -1);
        assertThat(access.read(0x110, 4)).as("follow the errors").isEqualTo(0x0040_0040);
        access.write(0x130, 4, 0x0400_0000);
        assertThat(access.read(0x110, 4)).isEqualTo(0x0040_0000);
        access.write(0x130, 4, 0x0001_0000);
        assertThat(access.read(0x110, 4)).isZero();
    }

    @ParameterizedTest(name = "PxIE {0}, GHC.IE {1}")
    @CsvSource({"0, 0, 0, false", "0, 2, 0, false", "0x40, 0, 1, false", "0x40, 2, 1, true",
        "0x400000, 2, 1, true", "0x80, 2, 0, false"})
    void anInterruptNeedsItsPortsAndTheHostsEnable(String enables, int host, int pending,
            boolean pin) {
        m.function.writeConfig(0x3d, 1, 1);
        access.write(0x114, 4, Long.decode(enables));
        access.write(0x04, 4, host);
        access.write(0x12c, 4, 1);
        access.write(0x12c, 4, 0);
        m.clock.advance(1000 * AhciMachine.MILLI);
        assertThat(access.read(0x08, 4)).isEqualTo(pending);
        assertThat(m.root.pins().contains("fa INTA asserted")).isEqualTo(pin);
    }

    /** A reset of the adapter keeps the addresses of its ports and nothing else. */
    @ParameterizedTest(name = "{0}")
    @CsvSource({"0x100, 0xfffffc00, true", "0x104, 0x12345678, true", "0x108, 0xffffff00, true",
        "0x10c, 0x9abcdef0, true", "0x114, 0x7dc000ff, false", "0x12c, 0x300, false",
        "0x180, 0xfffffc00, true", "0x118, 0x11, false", "0x04, 2, false"})
    void afterAResetOfTheAdapter(String register, String value, boolean kept) {
        int at = Integer.decode(register);
        long reset = access.read(at, 4);
        access.write(at, 4, Long.decode(value));
        long written = access.read(at, 4);
        assertThat(written).isNotEqualTo(reset);
        access.write(0x04, 4, 1);
        m.clock.advance(2000 * AhciMachine.MILLI);
        assertThat(access.read(at, 4)).isEqualTo(kept ? written : reset);
        access.write(at, 4, Long.decode(value));
        m.device.reset();
        assertThat(access.read(at, 4)).as("a reset of the function keeps none").isEqualTo(reset);
    }

    @ParameterizedTest
    @CsvSource({"0x100, 1, 0", "0x101, 1, 0xfc", "0x102, 2, 0xffff", "0x10c, 1, 0xff",
        "0x10e, 2, 0xffff"})
    void partsOfARegisterAreWrittenAlone(String offset, int bytes, String value) {
        int at = Integer.decode(offset);
        access.write(at, bytes, -1L >>> 64 - 8 * bytes);
        assertThat(access.read(at, bytes)).isEqualTo((long) Long.decode(value));
        assertThat(access.read(at & ~3, 4)).isEqualTo(Long.decode(value) << 8 * (at & 3));
    }
}
