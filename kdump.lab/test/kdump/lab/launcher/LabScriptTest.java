// SPDX-License-Identifier: Apache-2.0
package kdump.lab.launcher;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The script {@code ./lab} in a root of its own, whose build only says that it was called. */
class LabScriptTest {
    private static final Path ROOT = Path.of(System.getProperty("lab.root"));

    @TempDir
    Path directory;
    private Path root;
    private Path made;

    @BeforeEach
    void makeRoot() throws IOException {
        root = Files.createDirectories(directory.resolve("the root")).toRealPath();
        made = Files.createDirectories(root.resolve("kdump.lab/generated"));
        Files.copy(ROOT.resolve("lab"), root.resolve("lab"));
        Path make = root.resolve("cnf/make");
        Files.createDirectories(root.resolve("cnf/cache"));
        Files.writeString(make, "#!/bin/sh\necho make $*\n[ ! -e broken ] && >cnf/cache/built\n"
                .replace("broken", quoted("broken")).replace("cnf/cache", quoted("cnf/cache")));
        assertThat(make.toFile().setExecutable(true)).isTrue();
        Files.copy(ROOT.resolve("kdump.lab/generated/kdump.lab.launcher.jar"),
                made.resolve("launcher.jar"));
        Path probe = ProbeBundle.write(root.resolve("probe.jar"),
                "org.osgi.framework;version=\"[1.8,2)\"");
        String framework = Stream.of(System.getProperty("java.class.path")
                .split(File.pathSeparator)).filter(f -> f.contains("felix.framework"))
                .findFirst().orElseThrow();
        Files.writeString(made.resolve("lab.run"), made.resolve("launcher.jar")
                + File.pathSeparator + framework + "\nbundle " + probe + "\n");
    }

    @Test
    void staleLabIsBuiltAndFreshOneIsNot() throws Exception {
        assertThat(lab("first").err).contains("make build");
        assertThat(lab("again").err).doesNotContain("make build");
        Path source = Files.createDirectories(root.resolve("some.room/src"));
        Files.setLastModifiedTime(source, FileTime.from(Instant.now().plusSeconds(1)));
        Run run = lab("edited");
        assertThat(run.err).contains("make build");
        assertThat(run.out).isEqualTo("mainedited\n");
    }

    @Test
    void failedBuildEndsTheRun() throws Exception {
        Files.createFile(root.resolve("broken"));
        Run run = lab("any");
        assertThat(run.status).isEqualTo(1);
        assertThat(run.out).isEmpty();
    }

    @Test
    void callerMayStandAnywhereAndUseLinks() throws Exception {
        Path link = Files.createSymbolicLink(directory.resolve("link"), Path.of("the root/lab"));
        Path second = Files.createSymbolicLink(directory.resolve("second"), link);
        Run run = run(List.of(second.toString(), "where", "*", "a  b"));
        assertThat(run.out).isEqualTo("mainwhere|*|a  b\n" + directory.toRealPath() + "\n");
        assertThat(run.status).isEqualTo(3);
    }

    @Test
    void archiveOnlyEverSavesTime() throws Exception {
        lab("policies");
        Path archive = archive();
        byte[] good = Files.readAllBytes(archive);
        assertThat(good.length).isGreaterThan(1 << 20);
        byte[] zeros = new byte[good.length];
        for (byte[] bad : List.of(new byte[0], java.util.Arrays.copyOf(good, 5000), zeros)) {
            Files.delete(archive);
            Files.write(archive, bad, StandardOpenOption.CREATE);
            Run run = lab("policies");
            assertThat(run.out).as(bad.length + " bytes").isEqualTo("mainpolicies\n");
            assertThat(run.err.lines()).containsExactly("a bundle prints",
                    "a command prints to System.out");
        }
    }

    @Test
    void manyRunsAtOnceDoNotMeet() throws Exception {
        List<Process> all = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            all.add(new ProcessBuilder(root.resolve("lab").toString(), "walk", "" + i)
                    .redirectError(ProcessBuilder.Redirect.DISCARD).start());
        }
        for (int i = 0; i < all.size(); i++) {
            String out = new String(all.get(i).getInputStream().readAllBytes());
            assertThat(out).isEqualTo("mainwalk|" + i + "\n");
            assertThat(all.get(i).waitFor()).isEqualTo(2);
        }
    }

    private record Run(int status, String out, String err) {}

    private Run lab(String argument) throws Exception {
        return run(List.of(root.resolve("lab").toString(), argument));
    }

    private Run run(List<String> command) throws Exception {
        Path err = directory.resolve("err");
        ProcessBuilder builder = new ProcessBuilder(command).directory(directory.toFile())
                .redirectError(err.toFile());
        builder.environment().remove("LAB_FRESH");
        Process process = builder.start();
        String out = new String(process.getInputStream().readAllBytes());
        return new Run(process.waitFor(), out, Files.readString(err));
    }

    private Path archive() throws IOException {
        try (Stream<Path> files = Files.walk(made)) {
            return files.filter(f -> f.toString().endsWith(".jsa")).findFirst().orElseThrow();
        }
    }

    private String quoted(String file) {
        return "'" + root.resolve(file) + "'";
    }
}
