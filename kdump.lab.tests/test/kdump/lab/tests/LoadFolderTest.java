// SPDX-License-Identifier: Apache-2.0
package kdump.lab.tests;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.function.Predicate;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The interactive shell with a folder {@code load} of its own. */
class LoadFolderTest {
    private static final Path ROOT = Path.of(System.getProperty("lab.root"));
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    @TempDir
    Path home;
    private Process shell;

    @BeforeEach
    void startShell() throws IOException {
        Path run = ROOT.resolve("kdump.lab/generated/lab.run");
        Files.createDirectory(home.resolve("load"));
        List<String> command = List.of(Path.of(System.getProperty("java.home"), "bin", "java")
                .toString(), "-Dlab.home=" + home, "-Duser.home=" + home, "-Dlab.run=" + run,
                "-cp", Files.readAllLines(run).get(0), "kdump.lab.launcher.Launcher");
        shell = new ProcessBuilder(command).directory(home.toFile())
                .redirectError(home.resolve("err").toFile()).start();
    }

    @AfterEach
    void endShell() throws Exception {
        shell.getOutputStream().close();
        shell.getInputStream().readAllBytes();
        assertThat(shell.waitFor()).isZero();
    }

    @Test
    void policyDroppedIntoLoadIsInForceUntilItIsRemoved() throws Exception {
        awaitAnswer("policies", said -> said.contains("copy-tables") && !said.contains("strange"));
        Path jar = home.resolve("load/stranger.jar");
        Files.write(jar, new Stranger("stranger", "1.2.3", "strange", 0).bytes());
        awaitAnswer("policies", said -> said.contains("strange"));
        Path vtd1 = ROOT.resolve("docs/captures/vtd1");
        awaitAnswer("compare --crash-at 1ms " + vtd1, said -> said.contains("strange"));
        Files.delete(jar);
        awaitAnswer("policies", said -> said.contains("copy-tables") && !said.contains("strange"));
    }

    /** Configuration Admin, File Install and a refresh of all bundles have met in a deadlock. */
    @Test
    void settingsDroppedIntoLoadAreInForceAndOutliveARefresh() throws Exception {
        Path load = home.resolve("load");
        Path own = load.resolve("kdump.policies.resetdevices.ResetDevices.cfg");
        Path variant = load.resolve("kdump.policies.resetdevices-late.cfg");
        Path jar = load.resolve("stranger.jar");
        awaitAnswer("config list", said -> said.contains("reset-devices"));
        for (int round = 1; round <= 5; round++) {
            int millis = 10 + round;
            Files.writeString(own, "resetMillis = " + millis + "\n");
            Files.writeString(variant, "kdump.policy.name = late\nresetPhase = T6\n");
            Files.write(jar, new Stranger("stranger", "1." + round + ".0", "strange", 0).bytes());
            awaitAnswer("refresh", said -> true);
            awaitAnswer("config list", said -> said.contains("resetMillis=" + millis)
                    && said.contains("late"));
            String version = "1." + round + ".0";
            awaitAnswer("policies", said -> said.contains(version) && said.contains("late"));
            Files.delete(variant);
            awaitAnswer("policies", said -> said.contains("strange") && !said.contains("late"));
        }
        Files.delete(own);
        awaitAnswer("config list", said -> said.contains("reset-devices")
                && !said.contains("resetMillis"));
    }

    @Test
    void settingsInFilesComeChangeAndGoAndAreToldOf() throws Exception {
        awaitAnswer("config list", said -> said.contains("reset-devices"));
        Path json = home.resolve("load/mine.json");
        for (String phase : new String[] {"T6", "none"}) {
            Files.writeString(json, "{\"kdump.policies.resetdevices~late\":"
                    + " {\"resetPhase\": \"" + phase + "\"}}");
            awaitTold("lab: mine.json: policy late has resetPhase=" + phase
                    + " from the next run on");
        }
        awaitAnswer("config list", said -> said.contains("resetPhase=none"));
        Files.delete(json);
        awaitTold("lab: mine.json: its settings are taken back");
        awaitAnswer("policies", said -> said.contains("copy-tables") && !said.contains("late"));
        Path own = home.resolve("load/kdump.policies.resetdevices.ResetDevices.cfg");
        Files.writeString(own, "resetMillis = 12\n");
        awaitTold("lab: " + own.getFileName() + ": policy reset-devices has resetMillis=12 from the"
                + " next run on");
        Files.writeString(own, "resetMillis = soon\n");
        Files.writeString(json, "{\"kdump.policies.resetdevices~late\": 1}");
        awaitTold(own + ": setting 'resetMillis' is 'soon', expected");
        awaitTold("mine.json: no policy has settings of PID 'mine'; there are kdump.policies.");
        assertThat(told("lab: ")).as(Files.readString(home.resolve("err"))).isEqualTo(6);
        awaitAnswer("config list", said -> said.contains("reset-devices")
                && !said.contains("resetMillis"));
    }

    private void awaitTold(String words) throws Exception {
        Instant end = Instant.now().plus(PATIENCE);
        while (!Files.readString(home.resolve("err")).contains(words)
                && Instant.now().isBefore(end)) {
            Thread.sleep(50);
        }
        assertThat(home.resolve("err")).content().contains(words);
    }

    @Test
    void whatCannotBeUsedIsToldAtOnceAndInTheList() throws Exception {
        Path load = home.resolve("load");
        Files.writeString(load.resolve("text.jar"), "no zip");
        Files.write(load.resolve("mine.jar"), new Stranger("mine", "1.0.0", "mine", 0).bytes());
        Files.write(load.resolve("better.jar"), new Stranger("better", "1.0.0", "mine", 1).bytes());
        awaitAnswer("policies --all", said -> said.contains("shadowed: by bundle better 1.0.0")
                && said.contains("broken: no jar that can be read"));
        Instant end = Instant.now().plus(PATIENCE);
        String told = "";
        while (told.lines().count() < 2 && Instant.now().isBefore(end)) {
            Thread.sleep(100);
            told = Files.readString(home.resolve("err")).lines()
                    .filter(line -> line.startsWith("lab: ")).reduce("", (a, b) -> a + b + "\n");
        }
        assertThat(told.lines()).containsExactlyInAnyOrder("lab: policy mine of mine 1.0.0 is"
                + " shadowed: by bundle better 1.0.0, of ranking 1",
                "lab: text.jar is broken: no jar that can be read: "
                        + "zip END header not found");
    }

    /** All that the lab is made of goes and comes again; Gogo stays, and the shell with it. */
    @Test
    void aRefreshOfTheInterfacesReplacesTheLabUnderTheShell() throws Exception {
        String api = awaitAnswer("lb -s", said -> said.contains("|iommu.api ")).lines()
                .filter(line -> line.contains("|iommu.api ")).findFirst().orElseThrow()
                .split("[|]")[0].strip();
        for (int round = 1; round <= 3; round++) {
            awaitAnswer("begin " + ROOT.resolve("docs/captures/vtd1"), s -> s.contains("begun"));
            awaitAnswer("update " + api, said -> true);
            awaitAnswer("refresh " + api, said -> true);
            int times = round;
            Instant end = Instant.now().plus(PATIENCE);
            while (told("lab: bundles that the shell needs were replaced; it goes on") < times
                    && Instant.now().isBefore(end)) {
                Thread.sleep(50);
            }
            awaitAnswer("policies", said -> said.contains("copy-tables"));
            awaitAnswer("state", said -> said.contains("no machine was begun"));
            assertThat(told("")).as(Files.readString(home.resolve("err"))).isEqualTo(times);
        }
    }

    private long told(String line) throws IOException {
        return Files.readString(home.resolve("err")).lines()
                .filter(one -> one.startsWith(line)).count();
    }

    /** Types a line again and again until the answer is as expected. */
    private String awaitAnswer(String line, Predicate<String> expected) throws Exception {
        Instant end = Instant.now().plus(PATIENCE);
        String said = "";
        while (Instant.now().isBefore(end)) {
            // what is said between the two echoes is the answer
            shell.getOutputStream().write((line + "\necho answered\n").getBytes());
            shell.getOutputStream().flush();
            said = readUntilAnswered(end);
            if (expected.test(said)) {
                return said;
            }
            Thread.sleep(200);
        }
        assertThat(said).as(line + "; " + Files.readString(home.resolve("err"))).isNull();
        return said;
    }

    private String readUntilAnswered(Instant end) throws Exception {
        StringBuilder said = new StringBuilder();
        InputStream out = shell.getInputStream();
        while (said.indexOf("answered") < 0 && Instant.now().isBefore(end)) {
            said.append(new String(out.readNBytes(out.available())));
            Thread.sleep(10);
        }
        return said.toString();
    }
}
