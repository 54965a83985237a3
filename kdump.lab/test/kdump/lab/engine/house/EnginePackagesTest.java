// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.house;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import kdump.lab.engine.Fixture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The engine from the ground up: hardware and kernels record, and know nobody who judges. */
class EnginePackagesTest {

    private static final List<String> ORDER =
            List.of("machine", "bus", "kernel", "ports", "steps", "setup", "run", "verdict",
                    "service");
    private static final int MOST_FILES = 25;
    private static final Path SOURCES =
            Fixture.root().resolve("kdump.lab/src/kdump/lab/engine");

    @TempDir
    private Path madeUp;

    private void write(String part, String name, String... lines) throws IOException {
        Path folder = Files.createDirectories(madeUp.resolve(part));
        Files.writeString(folder.resolve(name + ".java"),
                "package kdump.lab.engine." + part + ";\n" + String.join("\n", lines));
    }

    private PackageArrows arrows() throws IOException {
        return new PackageArrows(madeUp, ORDER);
    }

    @Test
    void everyArrowOfTheEnginePointsDownwards() throws IOException {
        assertThat(new PackageArrows(SOURCES, ORDER).upward()).isEmpty();
        assertThat(PackageArrows.unknown(SOURCES, ORDER)).isEmpty();
    }

    @Test
    void theJudgeIsKnownToTheServiceAlone() throws IOException {
        var engine = new PackageArrows(SOURCES, ORDER);
        assertThat(engine.usersOf("verdict")).containsExactly("service");
        assertThat(engine.knowVerdict()).isSubsetOf("verdict", "service");
    }

    @Test
    void noPackageIsCrowded() throws IOException {
        try (Stream<Path> projects = Files.list(Fixture.root())) {
            for (Path sources : projects.flatMap(p -> Stream.of(p.resolve("src"),
                    p.resolve("test"))).filter(Files::isDirectory).toList()) {
                assertThat(PackageArrows.crowded(sources, MOST_FILES)).isEmpty();
            }
        }
    }

    @Test
    void anArrowUpwardsIsFoundByImportOrByWholeName() throws IOException {
        write("run", "Run", "import kdump.lab.engine.machine.Machine;",
                "import static kdump.lab.engine.verdict.Counters.count;",
                "import kdump.lab.engine.strange.Thing;");
        write("machine", "Machine", "class Machine { kdump.lab.engine.kernel.Kernel kernel; }");
        assertThat(arrows().upward())
                .containsExactly("machine -> kernel", "run -> strange", "run -> verdict");
        assertThat(arrows().usersOf("verdict")).containsExactly("run");
        assertThat(PackageArrows.unknown(madeUp, List.of("run"))).containsExactly("machine");
    }

    @Test
    void aCircleHasAnArrowUpwards() throws IOException {
        write("kernel", "A", "import kdump.lab.engine.setup.B;");
        write("setup", "B", "import kdump.lab.engine.kernel.A;");
        assertThat(arrows().upward()).containsExactly("kernel -> setup");
    }

    @Test
    void whatIsInCommentsOrWithinAPartIsNoArrow() throws IOException {
        write("machine", "Machine", "/** See {@link kdump.lab.engine.run.Run}. */",
                "// kdump.lab.engine.verdict.Runner", "import kdump.lab.engine.machine.Slot;");
        assertThat(arrows().upward()).isEmpty();
    }

    @Test
    void whoKnowsVerdictsIsTold() throws IOException {
        write("kernel", "A", "import kdump.lab.api.Verdict;");
        write("run", "B", "import kdump.lab.api.VerdictFormat;");
        write("machine", "C", "import kdump.lab.api.*;");
        assertThat(arrows().knowVerdict()).containsExactly("kernel", "machine");
    }

    @Test
    void aPackageWithOneFileTooManyIsTold() throws IOException {
        for (int i = 0; i < 4; i++) {
            write("kernel", "K" + i);
        }
        assertThat(PackageArrows.crowded(madeUp, 4)).isEmpty();
        assertThat(PackageArrows.crowded(madeUp, 3)).containsExactly("kernel");
    }
}
