// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.setup;

import iommu.api.profile.KernelOption;
import iommu.api.profile.KernelProfile;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;

/**
 * What words of a kernel's command line do whatever units there are, and which known ones do
 * nothing here.
 *
 * <p>Source: Linux, kernel-parameters.txt.
 */
final class GenericOptions {

    /** The kernel settings that belong to no vendor. */
    static final Set<String> SETTINGS = Set.of(KernelProfile.RESET_DEVICES, KernelProfile.STRICT);

    private static final Set<String> STRICT = Set.of("iommu.strict=1", "intel_iommu=strict",
            "amd_iommu=fullflush");

    private GenericOptions() { }

    /** Returns what a line says; what is not on it counts as its default. */
    static List<KernelOption> of(String commandLine) {
        List<String> words = List.of(commandLine.trim().split("\\s+"));
        boolean strict = words.stream().flatMap(GenericOptions::single).filter(word ->
                STRICT.contains(word) || word.equals("iommu.strict=0"))
                .reduce((first, last) -> last).map(STRICT::contains).orElse(false);
        boolean resets = words.contains("reset_devices");
        var options = new ArrayList<KernelOption>();
        options.add(new KernelOption(KernelProfile.STRICT, strict ? 1 : 0,
                (strict ? "strict" : "lazy") + " IOTLB invalidation"));
        options.add(new KernelOption(KernelProfile.RESET_DEVICES, resets ? 1 : 0, resets
                ? "reset_devices: a parameter that few drivers heed (here hpsa), which resets"
                        + " nothing by itself" : "no reset_devices"));
        for (String word : words) {
            if (word.equals("irqpoll")) {
                options.add(KernelOption.note("irqpoll: no interrupt is polled for here"));
            } else if (word.startsWith("swiotlb=")) {
                options.add(KernelOption.note("swiotlb: there are no bounce buffers here"));
            } else if (word.equals("iommu.passthrough=1")) {
                options.add(KernelOption.note("iommu.passthrough: a kernel that sets tables up"
                        + " maps all the same here"));
            }
        }
        return options;
    }

    /** Parts a list of words after one sign, as intel_iommu=on,strict is. */
    private static Stream<String> single(String word) {
        int sign = word.indexOf('=');
        return sign < 0 ? Stream.of(word)
                : Arrays.stream(word.substring(sign + 1).split(","))
                        .map(value -> word.substring(0, sign + 1) + value);
    }
}
