// SPDX-License-Identifier: Apache-2.0
package kdump.lab.qtest.differ.messages;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.function.LongFunction;
import java.util.stream.Collectors;
import kdump.lab.qtest.differ.Oracle;
import kdump.lab.qtest.differ.Step;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Random programs of interrupt messages on QEMU and on our machine: faults, events, registers and
 * the log are alike. QEMU 11 needs no processor for them; beside the processor of an older one only
 * such messages are sent to AMD-Vi as leave it asleep. LAB_PROGRAMS and LAB_SEED as elsewhere.
 */
class MessageDifferenceTest {

    private static final int PROGRAMS = 100;
    private static final List<String> VTD_EVENTS = List.of("vtd_ir_remap", "vtd_ir_remap_type",
            "vtd_ir_remap_msi", "vtd_ir_remap_msi_req", "vtd_frr_new");
    private static final List<String> AMD_EVENTS = List.of("amdvi_mem_ir_write_req",
            "amdvi_ir_remap_msi_req", "amdvi_ir_remap_msi", "amdvi_mem_ir_write");

    private static int number(String variable, int otherwise) {
        String text = System.getenv(variable);
        return text == null ? otherwise : Integer.parseInt(text);
    }

    @ParameterizedTest
    @ValueSource(strings = {"intel-iommu,intremap=on", "intel-iommu,intremap=on,eim=on",
        "intel-iommu,intremap=on,scalable-mode=on,fsts=on"})
    void messagesAreRemappedAlike(String unit) {
        Oracle.QEMU_11.required();
        try (var both = new MessageComparison(Oracle.QEMU_11, MessageProgramMaker.options(unit),
                VTD_EVENTS, MessageProgramMaker.beginning(), MessageProgramMaker.LOOKS)) {
            compare(both, MessageProgramMaker::of);
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "QEMU_11 | amd-iommu,intremap=on,dma-remap=on,xtsup=on",
        "QEMU_11 | amd-iommu,intremap=on", "QEMU_11 | amd-iommu,intremap=off",
        "QEMU_11 | amd-iommu,dma-remap=on,dma-translation=off",
        "QEMU_10 | amd-iommu,intremap=on,xtsup=on", "QEMU_10 | amd-iommu",
        "QEMU_7_2 | amd-iommu,intremap=on", "QEMU_7_2 | amd-iommu,intremap=off"})
    void messagesAreRemappedAlikeByAmdVi(Oracle oracle, String unit) {
        oracle.required();
        try (var both = new MessageComparison(oracle, AmdMessageMaker.options(unit), AMD_EVENTS,
                AmdMessageMaker.beginning(), AmdMessageMaker.LOOKS)) {
            compare(both, seed -> AmdMessageMaker.of(seed, oracle));
        }
    }

    private static void compare(MessageComparison both, LongFunction<List<Step>> programs) {
        int first = number("LAB_SEED", 1);
        for (int seed = first; seed < first + number("LAB_PROGRAMS", PROGRAMS); seed++) {
            List<Step> steps = programs.apply(seed);
            String difference = both.difference(steps);
            if (difference != null) {
                List<Step> shorter = both.shrunk(steps);
                String last = both.difference(shorter);
                assertThat(last != null ? last : "once only: " + difference)
                        .as("LAB_SEED=%d\n%s", seed, shorter.stream().map(Step::toString)
                                .collect(Collectors.joining("\n"))).isNull();
            }
        }
    }
}
