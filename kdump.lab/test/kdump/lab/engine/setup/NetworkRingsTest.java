// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.setup;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.pcie.DmaBuffer;
import iommu.api.pcie.FunctionConfig;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Which captured mappings of a network controller are its rings. */
class NetworkRingsTest {

    private static FunctionConfig function(boolean express) {
        byte[] config = new byte[256];
        config[6] = 0x10;
        config[0x34] = 0x40;
        config[0x40] = (byte) (express ? 0x10 : 0x01);
        return new FunctionConfig(0x100, config);
    }

    /** Page numbers below 4 GiB, or above; those of the receive and the transmit ring. */
    @ParameterizedTest(name = "{0}: {1}")
    @CsvSource({
        "true,  fffff ffffd ffffc ffefd ffefb, ffffc fffff",
        "false, fffff ffffe ffefd,             ffffe fffff",
        "true,  fffff ffffe ffffd ffffc,       ffffc fffff",
        "true,  ffefb ffefd ffffc ffffd fffff, ffffc fffff",
        "true,  fffff ffffb ffffa ffff9,       ffffa fffff",
        "true,  100000 fffff ffffd ffffc,      ffffc fffff",
        "true,  fffff,                         ''",
        "true,  fffff ffffd ffffb,             ''",
        "false, fffff,                         ''",
        "false, 100000 fffff,                  ''",
        "false, '',                            ''"})
    void theyHaveTheHighestAddresses(boolean express, String mapped, String rings) {
        assertThat(NetworkRings.of(function(express), pages(mapped))).isEqualTo(pages(rings));
    }

    private static List<DmaBuffer> pages(String numbers) {
        return Arrays.stream(numbers.split(" ")).filter(n -> !n.isEmpty())
                .map(n -> Long.parseLong(n, 16) << 12)
                .map(iova -> new DmaBuffer(iova, iova >>> 4, 4096)).toList();
    }
}
