// SPDX-License-Identifier: Apache-2.0
package kdump.lab.qtest.differ;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import iommu.api.sim.RandomStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import kdump.lab.qtest.Protocol;
import kdump.lab.qtest.options.MachineOptions;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * What QEMU's intel-iommu says of itself under properties of all kinds together, and which of them
 * do not go together. The seed is that of LAB_SEED.
 */
class CapabilityDifferenceTest {

    private static final int COMBINATIONS = 24;
    private static final String[] FLAGS = {"caching-mode", "device-iotlb", "dma-drain",
        "dma-translation", "pt", "snoop-control", "x-buggy-eim", "x-pasid-mode",
        "x-scalable-mode"};
    private static final List<String> LOOKS =
            List.of("readl 0xfed90000", "readq 0xfed90008", "readq 0xfed90010", "readl 0xfed9001c",
                    "read 0xfed90000 0x230");

    static Set<String> combinations() {
        var random = new RandomStream(Long.parseLong(
                System.getenv().getOrDefault("LAB_SEED", "1")), "capabilities");
        var all = new LinkedHashSet<>(List.of("", "x-scalable-mode=on,x-pasid-mode=on",
                "x-buggy-eim=on", "x-buggy-eim=on,eim=on", "version=3", "intremap=auto,eim=auto",
                "x-scalable-mode=on,dma-translation=off", "pt", "nopt"));
        while (all.size() < COMBINATIONS) {
            var properties = new ArrayList<String>();
            for (String flag : FLAGS) {
                if (random.oneIn(3)) {
                    properties.add(flag + (random.nextInt(4) == 0 ? "=off" : "=on"));
                }
            }
            if (random.oneIn(3)) {
                properties.add("aw-bits=" + (random.oneIn(8) ? 57 : random.oneIn(2) ? 39 : 48));
            }
            if (random.oneIn(3)) {
                properties.add("intremap=" + (random.oneIn(2) ? "on" : "off"));
            }
            if (random.oneIn(4)) {
                properties.add("eim=" + (random.oneIn(2) ? "on" : "off"));
            }
            all.add(String.join(",", properties));
        }
        return all;
    }

    @ParameterizedTest
    @MethodSource("combinations")
    void registersAfterResetAreThoseOfQemu(String properties) throws Exception {
        assumeTrue(QemuProcess.isPresent(), "no qemu-system-x86_64");
        List<String> options = List.of("-machine", "q35", "-device",
                "intel-iommu" + (properties.isEmpty() ? "" : "," + properties));
        try (var qemu = new QemuProcess(options)) {
            List<String> theirs = qemu.answers(LOOKS);
            Protocol ours = OurMachine.of(options.toArray(String[]::new));
            assertThat(LOOKS).extracting(ours::answer).isEqualTo(theirs);
        } catch (IllegalStateException ended) {
            String refusal = QemuProcess.refusal(options);
            assertThatThrownBy(() -> MachineOptions.parse(options, Path.of("")))
                    .hasMessage(refusal);
        }
    }
}
