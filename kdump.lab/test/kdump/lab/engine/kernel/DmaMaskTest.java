// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.pcie.FunctionConfig;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** How many address bits drivers set, by class and by capability. */
class DmaMaskTest {

    private static FunctionConfig function(int classCode, int capability, boolean listed) {
        byte[] config = new byte[256];
        config[0x09] = (byte) classCode;
        config[0x0a] = (byte) (classCode >>> 8);
        config[0x0b] = (byte) (classCode >>> 16);
        config[0x06] = (byte) (listed ? 0x10 : 0);
        config[0x34] = 0x40;
        config[0x40] = (byte) capability;
        return new FunctionConfig(8, config);
    }

    @ParameterizedTest(name = "class {0}, capability {1}, listed {2}")
    @CsvSource({"0x0c0330, 0x05, true, 64", "0x010802, 0x05, true, 64",
        "0x010802, 0x05, false, 64", "0x010801, 0x05, true, 32", "0x0c0320, 0x05, true, 32",
        "0x010601, 0x05, true, 32", "0x010601, 0x10, true, 64", "0x010601, 0x10, false, 32",
        "0x020000, 0x10, true, 64", "0x020000, 0x11, true, 32", "0, 0x10, true, 64",
        "0, 0, false, 32", "0x0c0300, 0x10, true, 32", "0x0c0310, 0x10, true, 32",
        "0x0c0320, 0x10, true, 32", "0x0c0330, 0x10, true, 64"})
    void newControllersAndExpressFunctionsReachAll(String classCode, String capability,
            boolean listed, int bits) {
        assertThat(DmaMask.bits(function(Integer.decode(classCode), Integer.decode(capability),
                listed))).isEqualTo(bits);
    }
}
