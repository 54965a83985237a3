// SPDX-License-Identifier: Apache-2.0
package cnf.driver;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a distribution holds, and what it names. */
class DistributionTest {

    @TempDir
    Path root;

    @Test
    void allThatIsNamedIsInsideAndNamedFromThere() throws Exception {
        Path outside = Files.createDirectories(root.resolve("repository"));
        for (String file : List.of("framework.jar", "a.jar", "shell.jar")) {
            Files.writeString(outside.resolve(file), file);
        }
        write("kdump.lab/generated/lab.run", outside.resolve("framework.jar") + "\n"
                + "property gosh.home " + root.resolve("kdump.lab") + "\n"
                + "property some.name with blanks\n" + "bundle " + outside.resolve("a.jar") + "\n"
                + "interactive " + outside.resolve("shell.jar") + "\n");
        write("kdump.lab/etc/gosh_profile", "prompt");
        write("lab", "#!/bin/sh\n");
        write("docs/machines/m.yaml", "name: m\n");
        Files.createDirectories(root.resolve("cnf/cache"));
        Path made = new Distribution(root.toFile(), "1.2").make().toPath();
        assertThat(made).isEqualTo(root.resolve("cnf/cache/kdump-lab-1.2.zip"));
        try (FileSystem zip = FileSystems.newFileSystem(made,
                Map.of("enablePosixFileAttributes", "true"))) {
            Path top = zip.getPath("kdump-lab-1.2");
            assertThat(Files.readAllLines(top.resolve("lab.run"))).containsExactly(
                    "lib/framework.jar", "property gosh.home .", "property some.name with blanks",
                    "bundle bundles/a.jar", "interactive bundles/shell.jar");
            try (Stream<Path> all = Files.walk(top)) {
                assertThat(all.filter(Files::isRegularFile).map(f -> top.relativize(f).toString()))
                        .containsExactlyInAnyOrder("lab", "lab.run", "lib/framework.jar",
                                "bundles/a.jar", "bundles/shell.jar", "etc/gosh_profile",
                                "docs/machines/m.yaml");
            }
            assertThat(top.resolve("load")).isDirectory();
            assertThat(Files.getPosixFilePermissions(top.resolve("lab")))
                    .contains(PosixFilePermission.OTHERS_EXECUTE);
        }
    }

    @Test
    void aSecondOneTakesTheFirstOnesPlace() throws Exception {
        write("kdump.lab/generated/lab.run", write("f.jar", "x") + "\n");
        write("kdump.lab/etc/gosh_profile", "prompt");
        write("lab", "#!/bin/sh\n");
        Files.createDirectories(root.resolve("cnf/cache"));
        var distribution = new Distribution(root.toFile(), "1.2");
        distribution.make();
        assertThat(distribution.make()).isFile();
        assertThat(root.resolve("cnf/cache")).isDirectoryNotContaining("glob:**.new.zip");
    }

    private Path write(String file, String text) throws Exception {
        Path path = root.resolve(file);
        Files.createDirectories(path.getParent());
        return Files.writeString(path, text);
    }
}
