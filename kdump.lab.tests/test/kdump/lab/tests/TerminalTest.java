// SPDX-License-Identifier: Apache-2.0
package kdump.lab.tests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The interactive shell in a pseudo-terminal, which script(1) of util-linux makes. */
class TerminalTest {

    private static final Path SCRIPT = Path.of("/usr/bin/script");
    private static final Duration PATIENCE = Duration.ofSeconds(90);
    private static final String PROMPT = "lab> ";
    /** Ctrl-C is ignored by what a script started in the background; a shell cannot undo that. */
    private static final String HEAR_INTERRUPTS = "env --default-signal=INT";

    @TempDir
    Path home;
    private Process shell;
    private final StringBuilder said = new StringBuilder();
    private int heard;

    @BeforeEach
    void start() throws Exception {
        assumeTrue(Files.isExecutable(SCRIPT), "needs script(1)");
        Files.createDirectory(home.resolve("load"));
        Path run = LabProcess.ROOT.resolve("kdump.lab/generated/lab.run");
        String lab = "stty rows 40 cols 120; exec $(" + HEAR_INTERRUPTS + " echo " + HEAR_INTERRUPTS
                + " 2>/dev/null) '"
                + Path.of(System.getProperty("java.home"), "bin", "java") + "' -Dlab.home='" + home
                + "' -Duser.home='" + home + "' -Dlab.run='" + run + "' -cp '"
                + Files.readAllLines(run).get(0) + "' kdump.lab.launcher.Launcher";
        var builder = new ProcessBuilder(SCRIPT.toString(), "-qefc", lab, "/dev/null")
                .directory(LabProcess.ROOT.resolve("docs/machines").toFile())
                .redirectErrorStream(true);
        builder.environment().put("TERM", "xterm");
        shell = builder.start();
        await(PROMPT);
    }

    @AfterEach
    void end() {
        if (shell != null) {
            shell.descendants().forEach(ProcessHandle::destroyForcibly);
            shell.destroyForcibly();
        }
    }

    @Test
    void aSessionOfCompletionWorkInterruptPipeAndEnd() throws Exception {
        assertThat(said).contains("`compare server` runs every hand-over policy");
        type("compare server.y\t--pol\t");
        await("--policy ");
        type("copy-t\t");
        await("copy-tables ");
        type("--crash-at 1ms\r");
        await("complete");
        await(PROMPT);
        // a comparison of all policies, a few seconds long, tells where it is
        type("compare server-2014.yaml\r");
        await("1/");
        type("\u0003");
        Instant interrupted = Instant.now();
        await("lab: compare: interrupted");
        await(PROMPT);
        assertThat(said).doesNotContain("InterruptedException");
        assertThat(Duration.between(interrupted, Instant.now())).isLessThan(PATIENCE);
        type("policies | grep scratch\r");
        await("kdump.policies.scratchpage");
        await(PROMPT);
        type("help walk\r");
        await("walk TARGET BDF IOVA");
        await(PROMPT);
        type("begin server.yaml --policy linux\r");
        await("not begun");
        type("next T3\r");
        await("under linux: T3");
        Files.write(home.resolve("load/stranger.jar"),
                new Stranger("stranger", "1.2.3", "strange", 0).bytes());
        for (int i = 0; i < 100 && !isInForce("strange"); i++) {
            Thread.sleep(200);
        }
        type("use strange\r");
        await("strange decides from here on");
        type("next T6\r");
        await("under strange: T6");
        type("verdict\r");
        await("strange  ");
        await(PROMPT);
        type("\u0004");
        assertThat(shell.waitFor()).isZero();
        try (var files = Files.list(home.resolve(".kdump-lab"))) {
            assertThat(files).singleElement().satisfies(file -> assertThat(file).content()
                    .contains("policies | grep scratch"));
        }
    }

    @Test
    void aSessionOfSettingsVariablesPipesFilesAndScripts() throws Exception {
        type("config sh\treset-dev\t");
        await("show reset-devices ");
        type("\r");
        await("resetPhase");
        await(PROMPT);
        type("config set clear-b\tph\tT1\r");
        await("clear-bus-master");
        await(PROMPT);
        type("config list | grep clear-bus-master\r");
        await("phase=T1");
        await(PROMPT);
        type("x = (policies)\r");
        await("scratch-page");
        await(PROMPT);
        type("($x get 0) name\r");
        await("\n");
        await("linux");
        await(PROMPT);
        Path file = home.resolve("made.txt");
        type("policies | grep scratch > " + file + "\r");
        await(PROMPT);
        assertThat(file).content().startsWith("scratch-page").hasLineCount(1);
        type("policies --json > " + file + "\r");
        await(PROMPT);
        assertThat(Json.rows(Json.read(Files.readString(file)))).isNotEmpty();
        Path script = Files.writeString(home.resolve("f.gosh"),
                "echo one\nwalk none 99:00.0 0\necho never\n");
        type("source " + script + "\r");
        await("one");
        await("lab: walk: none: no such file or directory");
        await(PROMPT);
        type("echo still\r");
        await("still");
        await(PROMPT);
        assertThat(said).doesNotContain("never");
        type("exit 3\r");
        assertThat(shell.waitFor()).isEqualTo(3);
    }

    private boolean isInForce(String policy) throws Exception {
        type("policies | grep -c " + policy + "\r");
        await("\n");
        int before = heard;
        await(PROMPT);
        return said.substring(before, heard).contains("1");
    }

    private void type(String keys) throws IOException {
        shell.getOutputStream().write(keys.getBytes());
        shell.getOutputStream().flush();
    }

    /** Reads on until something is said that was not heard yet; colours do not count. */
    private void await(String text) throws Exception {
        Instant end = Instant.now().plus(PATIENCE);
        InputStream out = shell.getInputStream();
        while (said.indexOf(text, heard) < 0) {
            assertThat(Instant.now()).as("waits for '" + text + "' after " + said.substring(heard))
                    .isBefore(end);
            String more = new String(out.readNBytes(out.available()));
            said.append(more.replaceAll("\u001b\\[[0-9;?]*[A-Za-z]", ""));
            Thread.sleep(20);
        }
        heard = said.indexOf(text, heard) + text.length();
    }
}
