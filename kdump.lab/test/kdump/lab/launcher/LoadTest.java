// SPDX-License-Identifier: Apache-2.0
package kdump.lab.launcher;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The bundles of strangers in a run of the launcher; the probe says who is there. */
class LoadTest {

    private static final String FRAMEWORK = "org.osgi.framework;version=\"[1.8,2)\"";

    @TempDir
    Path directory;
    private Path load;
    private Path elsewhere;

    @BeforeEach
    void makeFolders() throws IOException {
        load = Files.createDirectory(directory.resolve("load"));
        elsewhere = Files.createDirectory(directory.resolve("else where"));
    }

    @Test
    void bundlesOfTheFolderAndOfTheOptionAreStarted() throws Exception {
        ProbeBundle.write(load.resolve("one.jar"), FRAMEWORK, "one");
        ProbeBundle.write(elsewhere.resolve("two.jar"), FRAMEWORK, "two");
        ProbeBundle.write(elsewhere.resolve("three.jar"), FRAMEWORK, "three");
        assertThat(run("--load", "two.jar", "bundles").out).contains("\none ACTIVE", "\ntwo ACTIVE")
                .doesNotContain("three");
        Run all = run("bundles", "--load", ".");
        assertThat(all.out).contains("one ACTIVE", "two ACTIVE", "three ACTIVE");
        assertThat(all.err).doesNotContain("lab: ");
        assertThat(all.status).as("number of arguments of the probe").isEqualTo(1);
    }

    @Test
    void whatTheOptionNamesAndIsNoBundleEndsTheRun() throws Exception {
        Run run = run("bundles", "--load", "none.jar");
        assertThat(run.status).isEqualTo(2);
        assertThat(run.out).isEmpty();
        assertThat(run.err).isEqualToIgnoringNewLines(
                "lab: --load none.jar: no such file or folder");
    }

    @Test
    void aBundleThatIsThereAlreadyEndsTheRunTooIfTheOptionNamesIt() throws Exception {
        ProbeBundle.write(elsewhere.resolve("one.jar"), FRAMEWORK, "probe");
        Run run = run("bundles", "--load", "one.jar");
        assertThat(run.status).isEqualTo(2);
        assertThat(run.err.lines()).last().asString().startsWith("lab: --load "
                + elsewhere.resolve("one.jar") + ": ").contains("not unique");
    }

    @Test
    void whatIsBrokenInTheFolderIsALineEachAndTheRunGoesOn() throws Exception {
        Files.writeString(load.resolve("a.jar"), "no jar");
        ProbeBundle.write(load.resolve("b.jar"), FRAMEWORK, null);
        ProbeBundle.write(load.resolve("c.jar"), FRAMEWORK, "probe");
        ProbeBundle.write(load.resolve("d.jar"), FRAMEWORK + ",no.such.thing", "d");
        ProbeBundle.write(load.resolve("e.jar"), FRAMEWORK, "e");
        Run run = run("bundles");
        assertThat(run.status).isEqualTo(1);
        assertThat(run.out).contains("d INSTALLED", "e ACTIVE");
        List<String> lines = run.err.lines().filter(l -> l.startsWith("lab: ")).toList();
        assertThat(lines).hasSize(4);
        assertThat(lines.get(0)).startsWith("lab: " + load.resolve("a.jar") + ": no jar that can ");
        assertThat(lines.get(1)).startsWith("lab: " + load.resolve("b.jar") + ": no bundle: ");
        assertThat(lines.get(2)).startsWith("lab: " + load.resolve("c.jar") + ": ")
                .contains("not unique");
        assertThat(lines.get(3)).startsWith("lab: " + load.resolve("d.jar") + ": ")
                .contains("no.such.thing");
    }

    @Test
    void oneFileNamedTwiceIsOneBundle() throws Exception {
        ProbeBundle.write(load.resolve("one.jar"), FRAMEWORK, "one");
        Files.createSymbolicLink(elsewhere.resolve("link.jar"), load.resolve("one.jar"));
        Run run = run("bundles", "--load", "link.jar", "--load", "../load");
        assertThat(run.out).containsOnlyOnce("one ACTIVE");
        assertThat(run.err).doesNotContain("lab: ");
    }

    private record Run(int status, String out, String err) { }

    private Run run(String... arguments) throws Exception {
        Path bundle = ProbeBundle.write(directory.resolve("probe.jar"), FRAMEWORK);
        Path list = Files.writeString(directory.resolve("run"),
                "the class path\nbundle " + bundle + "\n");
        Path err = directory.resolve("err");
        var command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Dlab.home=" + directory, "-Dlab.run=" + list, "-Dlab.wait.millis=500",
                "-Dlab.directory=" + elsewhere, "-cp", System.getProperty("java.class.path"),
                Launcher.class.getName()));
        command.addAll(List.of(arguments));
        Process process = new ProcessBuilder(command).redirectError(err.toFile()).start();
        String out = new String(process.getInputStream().readAllBytes());
        return new Run(process.waitFor(), out, Files.readString(err));
    }
}
