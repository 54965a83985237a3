// SPDX-License-Identifier: Apache-2.0
package kdump.lab.tests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The lab out of the archive that {@code cnf/make dist} made, where nobody may write. */
class DistributionRunTest {

    private static final Path ARCHIVE =
            LabProcess.ROOT.resolve("cnf/cache/kdump-lab-0.1.0.zip");

    @TempDir
    Path directory;
    private Path top;

    @BeforeEach
    void unpack() throws IOException {
        assumeTrue(Files.exists(ARCHIVE), "needs cnf/make dist");
        top = directory.resolve("a folder with blanks");
        try (FileSystem zip = FileSystems.newFileSystem(ARCHIVE)) {
            Path from = zip.getPath("kdump-lab-0.1.0");
            try (Stream<Path> all = Files.walk(from)) {
                for (Path file : all.sorted().toList()) {
                    Path to = top.resolve(from.relativize(file).toString());
                    if (Files.isDirectory(file)) {
                        Files.createDirectories(to);
                    } else {
                        Files.copy(file, to);
                    }
                }
            }
        }
        set("r-xr-xr-x");
    }

    @AfterEach
    void allowDeletion() throws IOException {
        if (top != null && Files.exists(top)) {
            set("rwxr-xr-x");
        }
    }

    private void set(String permissions) throws IOException {
        try (Stream<Path> all = Files.walk(top)) {
            for (Path file : all.toList()) {
                Files.setPosixFilePermissions(file, PosixFilePermissions.fromString(permissions));
            }
        }
    }

    private String run(String input, String... arguments) throws Exception {
        var command = new java.util.ArrayList<>(List.of(top.resolve("lab").toString()));
        command.addAll(List.of(arguments));
        Path err = directory.resolve("err");
        var builder = new ProcessBuilder(command).directory(directory.toFile())
                .redirectError(err.toFile());
        builder.environment().keySet().removeAll(List.of("LAB_FRESH", "XDG_CACHE_HOME"));
        builder.environment().put("HOME", directory.resolve("home").toString());
        builder.environment().put("JAVA_HOME", System.getProperty("java.home"));
        Process process = builder.start();
        process.getOutputStream().write(input.getBytes());
        process.getOutputStream().close();
        String out = new String(process.getInputStream().readAllBytes());
        assertThat(process.waitFor()).as(Files.readString(err)).isZero();
        assertThat(Files.readString(err)).isEmpty();
        return out;
    }

    @Test
    void commandsAndTheShellRunWithBuiltInMachines() throws Exception {
        assertThat(Json.rows(Json.read(run("", "policies", "--json")))).isNotEmpty();
        assertThat(run("", "compare", "server", "--policy", "linux", "--crash-at", "1ms"))
                .contains("linux *");
        assertThat(run("policies | grep scratch\n")).contains("kdump.policies.scratchpage");
        try (Stream<Path> all = Files.walk(top)) {
            assertThat(all.map(Path::toString)).as("nothing is written into it")
                    .noneMatch(f -> f.endsWith(".jsa") || f.endsWith(".size"));
        }
        assertThat(Map.of("kept", Files.exists(directory.resolve("home/.cache/kdump-lab"))))
                .containsEntry("kept", true);
    }
}
