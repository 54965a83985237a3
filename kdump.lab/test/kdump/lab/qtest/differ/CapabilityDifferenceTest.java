// SPDX-License-Identifier: Apache-2.0
package kdump.lab.qtest.differ;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import iommu.api.sim.RandomStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
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
    private static final List<String> FLAGS = List.of("caching-mode", "device-iotlb", "dma-drain",
            "dma-translation", "pt", "snoop-control", "x-buggy-eim", "x-pasid-mode",
            "x-scalable-mode");
    private static final List<String> FLAGS_OF_10 = List.of("caching-mode", "device-iotlb",
            "dma-drain", "dma-translation", "pt", "snoop-control", "x-buggy-eim", "x-pasid-mode",
            "x-scalable-mode", "x-flts", "fs1gp", "stale-tm");
    private static final List<String> FLAGS_OF_11 = List.of("caching-mode", "device-iotlb",
            "dma-translation", "snoop-control", "scalable-mode", "fsts", "fs1gp", "stale-tm",
            "svm");
    private static final List<String> LOOKS =
            List.of("readl 0xfed90000", "readq 0xfed90008", "readq 0xfed90010", "readl 0xfed9001c",
                    "read 0xfed90000 0x230");

    /** A version of QEMU and properties of its intel-iommu. */
    record Combination(Oracle oracle, String properties) {

        @Override
        public String toString() {
            return oracle + " " + properties;
        }
    }

    static List<Combination> combinations() {
        var all = new ArrayList<Combination>();
        combinations(FLAGS, Set.of("x-scalable-mode=on,x-pasid-mode=on", "x-buggy-eim=on",
                "x-buggy-eim=on,eim=on", "x-scalable-mode=on,dma-translation=off", "pt", "nopt"))
                .forEach(p -> all.add(new Combination(Oracle.QEMU_7_2, p)));
        combinations(FLAGS_OF_10, Set.of("x-scalable-mode=on,x-flts=on", "eim=on", "x-flts=on",
                "x-scalable-mode=on,x-flts=on,fs1gp=off,x-pasid-mode=on"))
                .forEach(p -> all.add(new Combination(Oracle.QEMU_10, p)));
        combinations(FLAGS_OF_11, Set.of("scalable-mode=on,fsts=on,pasid-bits=20", "eim=on",
                "scalable-mode=on,pasid-bits=21", "scalable-mode=on,fsts=on,fs1gp=off",
                "scalable-mode=on,fsts=on,svm=on,pasid-bits=9,device-iotlb=on", "pasid-bits=1"))
                .forEach(p -> all.add(new Combination(Oracle.QEMU_11, p)));
        return all;
    }

    private static Set<String> combinations(List<String> flags, Set<String> always) {
        var random = new RandomStream(Long.parseLong(
                System.getenv().getOrDefault("LAB_SEED", "1")), "capabilities");
        var all = new LinkedHashSet<>(List.of("", "version=3", "intremap=auto,eim=auto"));
        all.addAll(new TreeSet<>(always));
        while (all.size() < COMBINATIONS) {
            var properties = new ArrayList<String>();
            for (String flag : flags) {
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
    void registersAfterResetAreThoseOfQemu(Combination combination) {
        Oracle oracle = combination.oracle();
        String properties = combination.properties();
        oracle.required();
        List<String> options = List.of("-machine", "q35", "-device",
                "intel-iommu" + (properties.isEmpty() ? "" : "," + properties));
        try (var qemu = new QemuProcess(oracle, options)) {
            List<String> theirs = qemu.answers(LOOKS);
            Protocol ours = OurMachine.of(oracle.ours(options).toArray(String[]::new));
            assertThat(LOOKS).extracting(ours::answer).isEqualTo(theirs);
        } catch (IllegalStateException ended) {
            String refusal = QemuProcess.refusal(oracle, options);
            assertThatThrownBy(() -> MachineOptions.parse(oracle.ours(options), Path.of("")))
                    .hasMessage(refusal);
        }
    }
}
