// SPDX-License-Identifier: Apache-2.0
package kdump.scenarios;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.URLClassLoader;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Claims are tried on the mechanism: where that is wrong, the rows that speak of it say so. */
class MutationsTest {

    private static final String VTD = "iommu.vtd/src/iommu/vtd/";
    private static final String AMD = "iommu.amdvi/src/iommu/amdvi/";
    private static final String FABRIC = "devices.pcie/src/devices/pcie/fabric/";
    private static final String ENGINE = "kdump.lab/src/kdump/lab/engine/";

    @TempDir
    Path folder;

    static Stream<Mutation> mutations() {
        return Stream.of(
                new Mutation("switching translation flushes", VTD + "unit/CommandEffects.java",
                        "if (settings.flushOnTranslationToggle()) {", "if (true) {",
                        List.of("S3-6")),
                new Mutation("setting the root table pointer flushes",
                        VTD + "unit/registers/UnitSettings.java",
                        "FLUSH_ON_SET_ROOT_POINTER, Capability.ESRTPS.isSet(cap))",
                        "FLUSH_ON_SET_ROOT_POINTER, true)",
                        List.of("S3-6")),
                new Mutation("a disabled unit forgets", AMD + "unit/AmdViUnit.java",
                        "if (!on && settings.flushOnDisable()) {", "if (!on) {",
                        List.of("S5-4", "S5-6")),
                new Mutation("a system error needs no gate", FABRIC + "ErrorReporting.java",
                        "if (severity.isSetIn(c.read(c.express() + ROOT_CONTROL, 2))) {",
                        "if (true) {", List.of("S1-4")),
                new Mutation("bus mastering is ignored", FABRIC + "FabricFunction.java",
                        "return isThere() && BUS_MASTER.isSet(config.command());",
                        "return isThere();", List.of("S4-6")),
                new Mutation("the domain id is no part of the tag", VTD + "unit/caches/Iotlb.java",
                        "| page << 16 & PAGE.mask() | owner;", "| page << 16 & PAGE.mask();",
                        List.of("S1-8")),
                new Mutation("nothing leads to the scratch page", VTD + "linux/ScratchPage.java",
                        "port.write64(table + (long) i * SecondStageEntry.BYTES, entry);", "",
                        List.of("S3-5")),
                new Mutation("purgatory checks no digest", ENGINE + "run/CaptureBoot.java",
                        "if (run.imageChanged()) {", "if (false) {", List.of("S5-8")),
                new Mutation("addresses are shared with the old kernel",
                        VTD + "linux/KeptMappings.java",
                        "return ranges.getOrDefault(domain, List.of());", "return List.of();",
                        List.of("S1-9")),
                new Mutation("a disabled unit translates on", VTD + "unit/CommandEffects.java",
                        "translator.translating(on);", "translator.translating(true);",
                        List.of("S1-2", "S3-6")),
                new Mutation("commands are taken while the unit is disabled",
                        AMD + "unit/commands/CommandBuffer.java",
                        "Status.CMD_BUF_RUN, on ? 1 : 0);", "Status.CMD_BUF_RUN, 1);",
                        List.of("S5-5")),
                new Mutation("bounce buffers are not copied back any more when they are unmapped",
                        "iommu.legacy/src/iommu/legacy/swiotlb/BounceBuffers.java",
                        "copy(buffer.iova(), entry.original, entry.bytes);", "",
                        List.of("S2-7")),
                new Mutation("what a device writes is in memory at once, as without bouncing",
                        "iommu.legacy/src/iommu/legacy/swiotlb/BounceBuffers.java",
                        "boolean reached = bits >= ALL_BITS ||", "boolean reached = true ||",
                        List.of("S2-7")),
                new Mutation("what is reserved is given out",
                        "iommu.legacy/src/iommu/legacy/calgary/linux/HostBridges.java",
                        "                table.reserve(range);", "", List.of("S2-2")),
                new Mutation("reserved regions are not mapped", AMD + "linux/DomainMappings.java",
                        ": port.reservedRanges(requester)) {", ": List.<iommu.api.unit.KernelPort"
                                + ".Range>of()) {", List.of("S5-7")));
    }

    @ParameterizedTest
    @MethodSource("mutations")
    void theRowsThatSpeakOfItTurn(Mutation mutation) throws Exception {
        try (URLClassLoader changed = Mutation.loader(mutation.compile(folder))) {
            for (String id : mutation.rows()) {
                String row = Mutation.row(changed, id);
                System.out.println(mutation + ": " + row);
                assertThat(row.split("\t")[1]).as(row).isEqualTo("no");
            }
        }
    }
}
