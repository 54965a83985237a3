// SPDX-License-Identifier: Apache-2.0
package kdump.importers.kernellog;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.pcie.FunctionConfig;
import iommu.api.pcie.RequesterId;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Interfaces that a capture kernel's log tells to be up. */
class OpenedInterfacesTest {

    private static final Map<String, Long> OPENED = Map.of("opensInterface", 1L);

    private final List<String> remarks = new ArrayList<>();

    private static FunctionConfig function(String id, int vendor, int baseClass) {
        byte[] config = new byte[64];
        config[0] = (byte) vendor;
        config[1] = (byte) (vendor >>> 8);
        config[0x0b] = (byte) baseClass;
        return new FunctionConfig(RequesterId.parse(id), config);
    }

    private Map<Integer, Map<String, Long>> options(String... lines) {
        var interfaces = new OpenedInterfaces();
        interfaces.read(List.of(lines));
        return interfaces.options(List.of(function("01:00.0", 0x8086, 2),
                function("06:01.0", 0x8086, 2), function("02:00.0", 0x14e4, 2),
                function("03:00.0", 0x8086, 1)), remarks);
    }

    @Test
    void aLinkThatCameUpIsOfTheFunctionThatItsLineNames() {
        assertThat(options("[   21.909913] e1000e 0000:01:00.0 eth0: NIC Link is Up 1000 Mbps Full"
                + " Duplex, Flow Control: Rx/Tx"))
                .isEqualTo(Map.of(RequesterId.parse("01:00.0"), OPENED));
        assertThat(remarks).containsExactly("The capture kernel opened the network interfaces of"
                + " 0000:01:00.0, as its log tells.");
    }

    @Test
    void anOlderDriverNamesTheInterfaceAndAnEarlierLineItsFunction() {
        assertThat(options(
                "[   10.163467] e1000 0000:06:01.0 eth1: (PCI:33MHz:32-bit) 52:54:00:00:00:02",
                "[   19.182404] e1000: eth1 NIC Link is Up 1000 Mbps Full Duplex, Flow Control: RX"))
                .isEqualTo(Map.of(RequesterId.parse("06:01.0"), OPENED));
    }

    @ParameterizedTest
    @ValueSource(strings = {
        "[   19.182404] e1000: eth1 NIC Link is Up 1000 Mbps Full Duplex",
        "[    7.615062] e1000e 0000:01:00.0 eth0: (PCI Express:2.5GT/s:Width x1) 52:54:00:00:00:01",
        "[    7.615062] e1000e 0000:01:00.0 eth0: NIC Link is Down",
        "igb 0000:02:00.0 eth0: NIC Link is Up 1000 Mbps",
        "odd 0000:03:00.0 eth0: NIC Link is Up",
        "e1000e 0000:09:00.0 eth0: NIC Link is Up", "NIC Link is Up", ""})
    void whatIsNotUpOrIsNoSuchFunctionIsLeftOut(String line) {
        assertThat(options(line)).isEmpty();
        assertThat(remarks).isEmpty();
    }
}
