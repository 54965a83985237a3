// SPDX-License-Identifier: Apache-2.0
package kdump.lab.tests;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.jar.JarFile;
import java.util.stream.Stream;
import kdump.lab.tests.LabProcess.Result;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** {@code ./lab kit}, up to what needs Maven. */
class KitCommandTest {

    @TempDir
    Path directory;
    @TempDir
    Path scratch;

    private Result kit(String... arguments) throws Exception {
        var all = Stream.concat(Stream.of("kit"), Stream.of(arguments)).toArray(String[]::new);
        return LabProcess.start(directory, scratch, all).finish();
    }

    @Test
    void theProjectHasTheApiThatRunsAndItsSources() throws Exception {
        Result result = kit("policy", "a project");
        assertThat(result.status()).isZero();
        assertThat(result.err()).isEmpty();
        assertThat(result.out()).startsWith("a project: ").contains("mvn package");
        Path lib = directory.resolve("a project/lib");
        try (Stream<Path> files = Files.walk(lib)) {
            Path api = files.filter(f -> f.getFileName().toString().matches("iommu.api-.*[.]jar"))
                    .findFirst().orElseThrow();
            assertThat(api).hasSameBinaryContentAs(
                    LabProcess.ROOT.resolve("iommu.api/generated/iommu.api.jar"));
            try (var jar = new JarFile(api.toFile())) {
                assertThat(jar.getEntry("OSGI-OPT/src/iommu/api/kdump/Step.java")).isNotNull();
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"policy, taken, 'taken: is there already, and is no empty folder'",
        "importer, new, 'expected one of policy, device, vendor'",
        "policy, '', no folder is named", "policy, , '1 arguments, expected what the project'"})
    void whatCannotBeMadeIsOneLineAndStatusTwo(String kind, String folder, String said)
            throws Exception {
        Files.writeString(Files.createDirectory(directory.resolve("taken")).resolve("f"), "x");
        Result result = folder == null ? kit(kind) : kit(kind, folder);
        assertThat(result.status()).isEqualTo(2);
        assertThat(result.out()).isEmpty();
        assertThat(result.err()).startsWith("lab: kit: ").contains(said).hasLineCount(1);
        assertThat(directory.resolve("new")).doesNotExist();
    }
}
