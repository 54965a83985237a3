// SPDX-License-Identifier: Apache-2.0
package devices.pcie.nvme;

import static org.assertj.core.api.Assertions.assertThat;

import devices.pcie.link.RegisterBits;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Each field of each property: NVM Express Base Specification, "Controller Properties". */
class RegisterTableTest {

    private final NvmeMachine m = new NvmeMachine(Map.of());
    private final RegisterBits.Access access = new RegisterBits.Access(m.function, 0);

    @ParameterizedTest(name = "{0} {1}")
    @CsvSource({
        "CAP.MQES,   0x00/8, 15:0,  RO, 2047", "CAP.CQR,    0x00/8, 16,    RO, 1",
        "CAP.AMS,    0x00/8, 18:17, RO, 0", "CAP.Rsvd,   0x00/8, 23:19, RO, 0",
        "CAP.TO,     0x00/8, 31:24, RO, 15", "CAP.DSTRD,  0x00/8, 35:32, RO, 0",
        "CAP.NSSRS,  0x00/8, 36,    RO, 0", "CAP.CSS,    0x00/8, 44:37, RO, 1",
        "CAP.BPS,    0x00/8, 45,    RO, 0", "CAP.CPS,    0x00/8, 47:46, RO, 0",
        "CAP.MPSMIN, 0x00/8, 51:48, RO, 0", "CAP.MPSMAX, 0x00/8, 55:52, RO, 4",
        "CAP.PMRS,   0x00/8, 56,    RO, 0", "CAP.CMBS,   0x00/8, 57,    RO, 0",
        "CAP.Rsvd58, 0x00/8, 63:58, RO, 0",
        "VS.TER,     0x08/4, 7:0,   RO, 0", "VS.MNR,     0x08/4, 15:8,  RO, 4",
        "VS.MJR,     0x08/4, 31:16, RO, 1",
        "CC.EN,      0x14/4, 0,     RW, 0", "CC.Rsvd,    0x14/4, 3:1,   RO, 0",
        "CC.CSS,     0x14/4, 6:4,   RW, 0", "CC.MPS,     0x14/4, 10:7,  RW, 0",
        "CC.AMS,     0x14/4, 13:11, RW, 0", "CC.SHN,     0x14/4, 15:14, RW, 0",
        "CC.IOSQES,  0x14/4, 19:16, RW, 0", "CC.IOCQES,  0x14/4, 23:20, RW, 0",
        "CC.Rsvd24,  0x14/4, 31:24, RO, 0", "Reserved18, 0x18/4, 31:0,  RO, 0",
        "CSTS.RDY,   0x1c/4, 0,     RO, 0", "CSTS.CFS,   0x1c/4, 1,     RO, 0",
        "CSTS.SHST,  0x1c/4, 3:2,   RO, 0", "CSTS.NSSRO, 0x1c/4, 4,     RO, 0",
        "CSTS.PP,    0x1c/4, 5,     RO, 0", "NSSR,       0x20/4, 31:0,  RO, 0",
        "AQA.ASQS,   0x24/4, 11:0,  RW, 0", "AQA.Rsvd,   0x24/4, 15:12, RO, 0",
        "AQA.ACQS,   0x24/4, 27:16, RW, 0", "AQA.Rsvd28, 0x24/4, 31:28, RO, 0",
        "ASQ.Rsvd,   0x28/8, 11:0,  RO, 0", "ASQ.ASQB,   0x28/8, 63:12, RW, 0",
        "ACQ.Rsvd,   0x30/8, 11:0,  RO, 0", "ACQ.ACQB,   0x30/8, 63:12, RW, 0",
        "CMBLOC,     0x38/4, 31:0,  RO, 0", "CMBSZ,      0x3c/4, 31:0,  RO, 0",
        "BPINFO,     0x40/4, 31:0,  RO, 0", "PMRCAP,     0xe00/4, 31:0, RO, 0",
        "SQ0TDBL,    0x1000/4, 15:0, WO, 0", "CQ0HDBL,    0x1004/4, 15:0, WO, 0"})
    void fieldIs(String name, String at, String bits, String kind, String reset) {
        new RegisterBits(at, bits, kind, Long.decode(reset)).check(access);
    }

    /** INTMS sets, INTMC clears, both read as the mask. */
    @ParameterizedTest
    @CsvSource({"0, 0, 0", "0xffffffff, 0, 0xffffffff", "0xffffffff, 0xffffffff, 0",
        "0xf0f0, 0x00ff, 0xf000", "1, 2, 1", "0x80000000, 0x80000000, 0"})
    void theMaskIsWhatIsSetLessWhatIsCleared(String set, String cleared, String mask) {
        access.write(0x0c, 4, Long.decode(set));
        access.write(0x10, 4, Long.decode(cleared));
        assertThat(access.read(0x0c, 4)).isEqualTo((long) Long.decode(mask));
        assertThat(access.read(0x10, 4)).isEqualTo((long) Long.decode(mask));
    }

    /** Each field of CC that decides about being ready: CC, AQA, whether it comes up. */
    @ParameterizedTest(name = "CC {0} AQA {1}")
    @CsvSource({
        "0x460001, 0x000f000f, 1", "0x460001, 0x00010001, 1", "0x460001, 0x00000001, 2",
        "0x460001, 0x00010000, 2", "0x460001, 0x0fff0fff, 1", "0x460011, 0x000f000f, 2",
        "0x460061, 0x000f000f, 2", "0x460071, 0x000f000f, 2", "0x460081, 0x000f000f, 1",
        "0x460201, 0x000f000f, 1", "0x460281, 0x000f000f, 2", "0x460781, 0x000f000f, 2",
        "0x450001, 0x000f000f, 2", "0x470001, 0x000f000f, 2", "0x360001, 0x000f000f, 2",
        "0x560001, 0x000f000f, 2", "0x000001, 0x000f000f, 2", "0x460801, 0x000f000f, 1"})
    void itComesUpOrSaysThatItCannot(String configuration, String queues, int status) {
        access.write(0x24, 4, Long.decode(queues));
        access.write(0x28, 8, 0x10_0000);
        access.write(0x30, 8, 0x20_0000);
        access.write(0x14, 4, Long.decode(configuration));
        assertThat(access.read(0x1c, 4)).as("not at once").isZero();
        m.settle();
        assertThat(access.read(0x1c, 4)).isEqualTo(status);
    }

    /** The admin queues begin where pages of the chosen size do. */
    @ParameterizedTest(name = "MPS {0}, queues at {1}")
    @CsvSource({"0, 0x11000, 1", "1, 0x11000, 2", "1, 0x12000, 1", "2, 0x12000, 2",
        "2, 0x14000, 1", "4, 0x18000, 2", "4, 0x20000, 1"})
    void theQueuesLieOnPages(int size, String place, int status) {
        for (int register : new int[] {0x28, 0x30}) {
            access.write(0x24, 4, 0xf000f);
            access.write(0x28, 8, 0x40000);
            access.write(0x30, 8, 0x60000);
            access.write(register, 8, Long.decode(place));
            access.write(0x14, 4, 0x46_0001 | size << 7);
            m.settle();
            assertThat(access.read(0x1c, 4)).isEqualTo(status);
            access.write(0x14, 4, 0);
            m.settle();
        }
    }

    @ParameterizedTest(name = "SHN {0} of one that is {1}")
    @CsvSource({"1, enabled, 1, 2", "2, enabled, 1, 2", "3, enabled, 1, 2", "0, enabled, 0, 0",
        "1, disabled, 0, 0", "2, disabled, 0, 0"})
    void shutdownIsOfAnEnabledController(int notification, String state, int meanwhile, int after) {
        long enabled = state.equals("enabled") ? 0x46_0001 : 0;
        if (enabled != 0) {
            m.enable();
        }
        access.write(0x14, 4, enabled | notification << 14);
        assertThat(access.read(0x1c, 4) >>> 2).isEqualTo(meanwhile);
        m.settle();
        assertThat(access.read(0x1c, 4) >>> 2).isEqualTo(after);
    }

    @ParameterizedTest
    @CsvSource({"0x14, 0x46fff0, 1", "0x24, 0x0fff0fff, 1", "0x28, 0xfffff000, 1",
        "0x0c, 0x55, 0"})
    void aControllerResetKeepsConfigurationAndAdminQueues(String register, String value,
            int kept) {
        m.enable();
        int at = Integer.decode(register);
        access.write(at, 4, Long.decode(value) | (at == 0x14 ? 1 : 0));
        access.write(0x14, 4, access.read(0x14, 4) & ~1);
        m.settle();
        assertThat(access.read(at, 4)).isEqualTo(kept * Long.decode(value));
        m.device.reset();
        assertThat(access.read(at, 4)).as("a reset of the function keeps none").isZero();
    }

    @Test
    void wideAndNarrowAccessesMeetTheSameBytes() {
        access.write(0x28, 8, 0x1122_3344_5566_7000L);
        assertThat(access.read(0x28, 4)).isEqualTo(0x5566_7000L);
        assertThat(access.read(0x2c, 4)).isEqualTo(0x1122_3344L);
        assertThat(access.read(0x2e, 2)).isEqualTo(0x1122L);
        assertThat(access.read(0x29, 1)).isEqualTo(0x70L);
        access.write(0x2c, 4, 0);
        assertThat(access.read(0x28, 8)).isEqualTo(0x5566_7000L);
    }
}
