// SPDX-License-Identifier: Apache-2.0
package kdump.lab.qtest.machine;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.pcie.Fabric;
import iommu.api.pcie.PciFunction;
import iommu.api.sim.RandomStream;
import iommu.testkit.FakeFunction;
import iommu.testkit.seeds.Seeds;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Both ways to config space, over a host bridge and two functions that take every write. */
class ConfigPortsTest {

    private static final int ADDRESS = 0xcf8;
    private static final int DATA = 0xcfc;
    private static final int NIC = 0x10;
    private static final int FAR = 0x1ff;
    private static final int WINDOW = 0x60;
    private static final long ONES = 0xffff_ffffL;

    private final List<PciFunction> functions = List.of(new FakeFunction(0, 0x060000),
            new FakeFunction(NIC, 0x020000), new FakeFunction(FAR, 0x010802));
    private int changes;
    private final ConfigAccess access = new ConfigAccess(new Fabric() {
        @Override
        public List<PciFunction> functions() {
            return functions;
        }

        @Override
        public PciFunction function(int requester) {
            return functions.stream().filter(f -> f.requesterId() == requester).findFirst()
                    .orElse(null);
        }
    }, () -> changes++);
    private final ConfigPorts ports = new ConfigPorts(access, null);

    private void select(int id, int register) {
        ports.out(ADDRESS, 4, 0x8000_0000L | id << 8 | register);
    }

    // ---- ports ----------------------------------------------------------------------------------

    @Seeds
    void aRegisterReadsByAnyWidthWhatWasWrittenByAny(long seed) {
        var random = new RandomStream(seed, "config");
        byte[] model = new byte[256];
        for (int i = 0; i < 500; i++) {
            int bytes = 1 << random.nextInt(3);
            int at = 0x80 + random.nextInt(64) & -bytes;
            select(NIC, at & 0xfc);
            if (random.oneIn(2)) {
                int value = (int) random.nextLong();
                ports.out(DATA + (at & 3), bytes, value);
                for (int n = 0; n < bytes; n++) {
                    model[at + n] = (byte) (value >>> 8 * n);
                }
            }
            long expected = 0;
            for (int n = bytes - 1; n >= 0; n--) {
                expected = expected << 8 | model[at + n] & 0xff;
            }
            assertThat(ports.in(DATA + (at & 3), bytes)).isEqualTo(expected);
        }
    }

    @ParameterizedTest
    @CsvSource({"0xcf8, 4, 0x80001044", "0xcf8, 1, 0x44", "0xcf9, 1, 0x10", "0xcfa, 2, 0x8000",
        "0xcfb, 1, 0x80", "0xcf8, 2, 0x1044", "0xcf7, 1, 0xff", "0xcf6, 4, 0xffffffff",
        "0xcfb, 2, 0xffff", "0x80, 4, 0xffffffff", "0xd00, 1, 0xff", "0xcfd, 2, 0xffff",
        "0xcfe, 4, 0xffffffff"})
    void aPortReads(String port, int bytes, String value) {
        select(NIC, 0x44);
        assertThat(ports.in(Integer.decode(port), bytes)).isEqualTo(Long.decode(value));
    }

    @ParameterizedTest
    @CsvSource({"0xcf8, 1", "0xcf8, 2", "0xcf9, 1", "0xcfa, 2", "0xcf4, 4"})
    void theAddressTakesFourBytesOnly(String port, int bytes) {
        select(NIC, 0x44);
        ports.out(Integer.decode(port), bytes, 0);
        assertThat(ports.in(ADDRESS, 4)).isEqualTo(0x8000_1044L);
    }

    @Test
    void disabledTheDataIsNobodys() {
        select(NIC, 0x40);
        ports.out(DATA, 4, 0x1234_5678);
        ports.out(ADDRESS, 4, NIC << 8 | 0x40);
        assertThat(ports.in(DATA, 4)).isEqualTo(ONES);
        ports.out(DATA, 4, 0);
        select(NIC, 0x40);
        assertThat(ports.in(DATA, 4)).isEqualTo(0x1234_5678);
    }

    @Test
    void aFunctionThatIsNotThereReadsOnesAndTakesNothing() {
        select(0x18, 0x40);
        ports.out(DATA, 4, 5);
        assertThat(ports.in(DATA, 4)).isEqualTo(ONES);
        assertThat(ports.in(DATA + 1, 1)).isEqualTo(0xff);
        assertThat(changes).isZero();
    }

    // ---- the window -----------------------------------------------------------------------------

    private void window(long value) {
        select(0, WINDOW + 4);
        ports.out(DATA, 4, value >>> 32);
        select(0, WINDOW);
        ports.out(DATA, 4, value);
    }

    @ParameterizedTest
    @CsvSource({"0xb0000001, 0xb0000000, 0x10000000", "0xb0000003, 0xb0000000, 0x8000000",
        "0xb0000005, 0xb0000000, 0x4000000",
        "0x1b0000001, 0x1b0000000, 0x10000000", "0xbfffff01, 0xb0000000, 0x10000000"})
    void theWindowLiesAtItsBaseAsLongAsItIs(String value, String base, String bytes) {
        window(Long.decode(value));
        long start = Long.decode(base);
        long length = Long.decode(bytes);
        assertThat(access.contains(start)).isTrue();
        assertThat(access.contains(start + length - 1)).isTrue();
        assertThat(access.contains(start - 1)).isFalse();
        assertThat(access.contains(start + length)).isFalse();
    }

    @Test
    void switchedOffThereIsNone() {
        window(0xb000_0001L);
        window(0xb000_0000L);
        assertThat(access.contains(0xb000_0000L)).isFalse();
    }

    @Test
    void aReservedLengthLeavesItWhereItWas() {
        window(0xb000_0001L);
        window(0xc000_0007L);
        assertThat(access.contains(0xb000_0000L)).isTrue();
        assertThat(access.contains(0xc000_0000L)).isFalse();
    }

    @Test
    void anAddressInTheWindowIsAFunctionAndARegister() {
        window(0xb000_0001L);
        long nic = 0xb000_0000L + (NIC << 12);
        access.writeAt(nic + 0xffc, 4, 0x1234_5678);
        assertThat(functions.get(1).readConfig(0xffc, 4)).isEqualTo(0x1234_5678);
        assertThat(access.readAt(nic + 0xffe, 2)).isEqualTo(0x1234);
        access.writeAt(0xb000_0000L + (FAR << 12) + 0x40, 1, 0x77);
        assertThat(functions.get(2).readConfig(0x40, 1)).isEqualTo(0x77);
        assertThat(access.readAt(0xb000_0000L + (0x18 << 12), 4)).isEqualTo(-1);
    }

    @Test
    void everyWriteIsAChangeAndNoReadIs() {
        window(0xb000_0001L);
        int before = changes;
        select(NIC, 0x40);
        ports.in(DATA, 4);
        access.readAt(0xb000_0000L, 4);
        assertThat(changes).isEqualTo(before);
        ports.out(DATA, 1, 1);
        access.writeAt(0xb000_0000L + (NIC << 12), 2, 0);
        assertThat(changes).isEqualTo(before + 2);
    }

    @ParameterizedTest
    @CsvSource({"0x81, 2", "0x83, 4", "0xfe, 4", "0xff, 2", "0x85, 4"})
    void whatIsNotAlignedIsByteByByteAndEndsWithTheSpace(String offset, int bytes) {
        int at = Integer.decode(offset);
        access.write(NIC, at, bytes, 0x4433_2211);
        int expected = 0;
        for (int i = 0; i < bytes && at + i < 256; i++) {
            assertThat(functions.get(1).readConfig(at + i, 1)).isEqualTo(0x11 * (i + 1));
            expected |= 0x11 * (i + 1) << 8 * i;
        }
        assertThat(functions.get(1).readConfig(256, 4)).as("beyond").isZero();
        assertThat(access.read(NIC, at, bytes)).isEqualTo(expected);
    }
}
