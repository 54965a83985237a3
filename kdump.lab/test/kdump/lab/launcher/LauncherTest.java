// SPDX-License-Identifier: Apache-2.0
package kdump.lab.launcher;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Starts real JVMs, because standard output, exit status and dying are the matter here. */
class LauncherTest {
    private static final String FRAMEWORK = "org.osgi.framework;version=\"[1.8,2)\"";

    @TempDir
    Path directory;
    private Path tmp;

    @BeforeEach
    void makeTemporaryDirectory() throws IOException {
        tmp = Files.createDirectory(directory.resolve("tmp"));
    }

    @Test
    void onlyTheCommandReachesStandardOutput() throws Exception {
        Run run = finish(start(FRAMEWORK, "ok"));
        assertThat(run.out).isEqualTo("mainok\n");
        assertThat(run.err).contains("a bundle prints").contains("a command prints to System.out");
    }

    @Test
    void argumentsAreNotParsedAndTheResultIsTheExitStatus() throws Exception {
        Run run = finish(start(FRAMEWORK, "a b", "", "$HOME;*", "'\""));
        assertThat(run.out).isEqualTo("maina b||$HOME;*|'\"\n");
        assertThat(run.status).isEqualTo(4);
    }

    @Test
    void whatACommandThrowsIsOneLineWithWhatToReport() throws Exception {
        Run run = finish(start(FRAMEWORK, "fail"));
        assertThat(run.status).isEqualTo(70);
        String line = labLines(run).get(0);
        assertThat(labLines(run)).hasSize(1);
        assertThat(line).startsWith("lab: fail: a bug of the lab:"
                + " java.lang.IllegalStateException: told.to fail; please report ");
        assertThat(Path.of(line.replaceFirst(".*please report ", ""))).content()
                .contains("lab fail", "java.runtime.version", "\tat ", "told\nto fail");
    }

    @ParameterizedTest
    @ValueSource(strings = {"error", "overflow"})
    void errorsAreBugsLikeExceptions(String kind) throws Exception {
        assertThat(finish(start(FRAMEWORK, kind)).status).isEqualTo(70);
    }

    @ParameterizedTest
    @ValueSource(strings = {"memory", "wrapped"})
    void tooSmallAHeapIsOneLineAndStatusOne(String how) throws Exception {
        Run run = finish(start(List.of("-Xmx40m"), FRAMEWORK, how));
        assertThat(run.status).isEqualTo(1);
        assertThat(labLines(run)).containsExactly("lab: " + how + ": not enough memory: the heap"
                + " takes at most " + heapOf(run) + " MiB; LAB_JAVA_OPTS=-Xmx4g gives it more");
    }

    @Test
    void aLabThatCannotStartIsOneLineAndStatusOne() throws Exception {
        Run run = finish(start(List.of("-Dlab.run=" + directory.resolve("none")), FRAMEWORK, "ok"));
        assertThat(run.status).isEqualTo(1);
        assertThat(labLines(run)).containsExactly(
                "lab: java.nio.file.NoSuchFileException: " + directory.resolve("none"));
    }

    private static List<String> labLines(Run run) {
        return run.err.lines().filter(l -> l.startsWith("lab: ")).toList();
    }

    /** A collector may keep some of it for itself. */
    private static String heapOf(Run run) {
        return run.err.replaceFirst("(?s).* at most (\\d+) MiB.*", "$1");
    }

    @Test
    void missingCommandNamesTheBundleThatDoesNotResolve() throws Exception {
        Run run = finish(start(FRAMEWORK + ",no.such.thing", "ok"));
        assertThat(run.status).isEqualTo(1);
        assertThat(run.out).isEmpty();
        assertThat(run.err).contains("no command after 500 ms: probe: ").contains("no.such.thing");
    }

    @Test
    void runLeavesNothingBehind() throws Exception {
        finish(start(FRAMEWORK, "ok"));
        assertThat(tmp).isEmptyDirectory();
    }

    @Test
    void whatKilledRunLeftIsSweptButNotWhatLivesOrIsYoung() throws Exception {
        Process living = start(FRAMEWORK, "sleep");
        Process killed = start(FRAMEWORK, "sleep");
        // its answer says that its directory is there
        assertThat(living.getInputStream().read()).isEqualTo('m');
        assertThat(killed.getInputStream().read()).isEqualTo('m');
        killed.destroyForcibly().waitFor();
        finish(start(FRAMEWORK, "ok"));
        assertThat(runs()).as("young").hasSize(2);
        for (Path run : runs()) {
            Files.setLastModifiedTime(run, FileTime.from(Instant.EPOCH));
        }
        finish(start(FRAMEWORK, "ok"));
        assertThat(runs()).as("the living one").hasSize(1);
        living.destroyForcibly().waitFor();
        Files.setLastModifiedTime(runs().get(0), FileTime.from(Instant.EPOCH));
        finish(start(FRAMEWORK, "ok"));
        assertThat(runs()).isEmpty();
    }

    private record Run(int status, String out, String err) {}

    private Process start(String imports, String... arguments) throws IOException {
        return start(List.of(), imports, arguments);
    }

    /** Later options win over those before them. */
    private Process start(List<String> options, String imports, String... arguments)
            throws IOException {
        Path bundle = ProbeBundle.write(Files.createTempFile(directory, "probe", ".jar"), imports);
        Path list = Files.writeString(Files.createTempFile(directory, "run", ""),
                "the class path\nproperty some.thing else\nbundle " + bundle
                        + "\ninteractive /no/such.jar\n");
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Djava.io.tmpdir=" + tmp, "-Dlab.home=" + directory, "-Dlab.run=" + list,
                "-Dlab.wait.millis=500"));
        command.addAll(options);
        command.addAll(List.of("-cp", System.getProperty("java.class.path"),
                Launcher.class.getName()));
        command.addAll(List.of(arguments));
        return new ProcessBuilder(command)
                .redirectError(Files.createTempFile(directory, "err", "").toFile()).start();
    }

    private Run finish(Process process) throws Exception {
        String out = new String(process.getInputStream().readAllBytes());
        int status = process.waitFor();
        try (Stream<Path> files = Files.list(directory)) {
            StringBuilder err = new StringBuilder();
            for (Path f : files.filter(f -> f.toFile().getName().startsWith("err")).toList()) {
                err.append(Files.readString(f));
            }
            return new Run(status, out, err.toString());
        }
    }

    private List<Path> runs() throws IOException {
        try (Stream<Path> files = Files.list(tmp)) {
            return files.toList();
        }
    }
}
