// SPDX-License-Identifier: Apache-2.0
package iommu.vtd;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.vtd.linux.LinuxVtdDriver;
import iommu.vtd.unit.VtdUnit;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

/**
 * Unit and kernel code never refer to each other: a kernel that could look into the caches would
 * know what no kernel can. Names of classes stand in the class files as plain text.
 */
class SeparationTest {

    private static List<String> references(Class<?> member, String forbidden)
            throws IOException, URISyntaxException {
        Path classes = Path.of(member.getProtectionDomain().getCodeSource().getLocation().toURI());
        Path folder = classes.resolve(member.getPackageName().replace('.', '/'));
        try (var files = Files.walk(folder)) {
            var all = files.filter(f -> f.toString().endsWith(".class")).toList();
            assertThat(all).hasSizeGreaterThan(5);
            return all.stream().filter(f -> text(f).contains(forbidden))
                    .map(f -> f.getFileName().toString()).toList();
        }
    }

    private static String text(Path file) {
        try {
            return new String(Files.readAllBytes(file), StandardCharsets.ISO_8859_1);
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    @Test
    void theKernelDoesNotKnowTheUnit() throws Exception {
        assertThat(references(LinuxVtdDriver.class, "iommu/vtd/unit")).isEmpty();
        assertThat(references(LinuxVtdDriver.class, "iommu/api/unit/RemappingUnit")).isEmpty();
        assertThat(references(LinuxVtdDriver.class, "iommu/api/memory")).isEmpty();
    }

    @Test
    void theUnitDoesNotKnowTheKernel() throws Exception {
        assertThat(references(VtdUnit.class, "iommu/vtd/linux")).isEmpty();
        assertThat(references(VtdUnit.class, "iommu/api/unit/KernelPort")).isEmpty();
    }

    @Test
    void neitherKnowsTheVendor() throws Exception {
        assertThat(references(LinuxVtdDriver.class, "iommu/vtd/vendor")).isEmpty();
        assertThat(references(VtdUnit.class, "iommu/vtd/vendor")).isEmpty();
    }
}
