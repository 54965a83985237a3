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
    void failingCommandIsOneLineAndStatusOne() throws Exception {
        Run run = finish(start(FRAMEWORK, "fail"));
        assertThat(run.status).isEqualTo(1);
        assertThat(run.err.lines().filter(l -> l.startsWith("lab: ")))
                .containsExactly("lab: java.lang.IllegalStateException: told to fail");
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
        Path bundle = ProbeBundle.write(Files.createTempFile(directory, "probe", ".jar"), imports);
        Path list = Files.writeString(Files.createTempFile(directory, "run", ""),
                "the class path\nproperty some.thing else\nbundle " + bundle
                        + "\ninteractive /no/such.jar\n");
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Djava.io.tmpdir=" + tmp, "-Dlab.home=" + directory, "-Dlab.run=" + list,
                "-Dlab.wait.millis=500", "-cp", System.getProperty("java.class.path"),
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
