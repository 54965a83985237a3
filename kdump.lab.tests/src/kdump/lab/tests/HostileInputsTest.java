// SPDX-License-Identifier: Apache-2.0
package kdump.lab.tests;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import kdump.lab.api.command.CommandLineInterface;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.osgi.test.common.annotation.InjectService;

/** What is no machine, whatever it is: status 2, one short line, nothing on standard output. */
class HostileInputsTest {

    private static final int LONG = 5000;
    private static final int LONGEST_LINE = 1000;

    @InjectService
    CommandLineInterface commands;
    @TempDir
    Path folder;

    @BeforeEach
    void inputs() throws IOException {
        Files.createDirectories(folder.resolve("empty"));
        write("nothing.yaml", "");
        write("nul.yaml", "name: a\0b");
        write("open.yaml", "name: [unclosed");
        write("open.json", "{\"a\":");
        write("deep.yaml", "[".repeat(100_000));
        write("deep.json", "{\"a\":".repeat(100_000));
        write("unknown.yaml", "name: x\nbogus: 1\n");
        write("huge.yaml", memory("99999999999999999999"));
        write("negative.yaml", memory("-5"));
        write("widest.yaml", memory("0xffffffffffffffff"));
        write("aliases.yaml", aliases());
        write("twice.yaml", "name: x\nname: y\n");
        write("list.yaml", "- name: x\n");
        write("tabs.yaml", "name:\tx\n\tkernel: 6.1\n");
        write("tag.yaml", "name: !!java.io.File /\n");
        byte[] noise = new byte[300_000];
        new Random(1).nextBytes(noise);
        Files.write(folder.resolve("noise.bin"), noise);
        Files.write(folder.resolve("latin.yaml"), "name: \u00e4".getBytes(
                StandardCharsets.ISO_8859_1));
    }

    private void write(String name, String text) throws IOException {
        Files.writeString(folder.resolve(name), text);
    }

    private static String memory(String bytes) {
        return "name: x\nmemory: [{start: 0, bytes: " + bytes + ", kind: ram}]\nfunctions: []\n";
    }

    /** Nine references to nine references and so on: a thousand million words. */
    private static String aliases() {
        var text = new StringBuilder("a0: &a0 [x, x, x, x, x, x, x, x, x]\n");
        for (int i = 1; i < 10; i++) {
            text.append("a" + i + ": &a" + i + " ["
                    + ("*a" + (i - 1) + ", ").repeat(8) + "*a" + (i - 1) + "]\n");
        }
        return text.toString();
    }

    @ParameterizedTest
    @ValueSource(strings = {"empty", "nothing.yaml", "nul.yaml", "open.yaml", "open.json",
        "deep.yaml", "deep.json", "unknown.yaml", "huge.yaml", "negative.yaml", "widest.yaml",
        "aliases.yaml", "twice.yaml", "list.yaml", "tabs.yaml", "tag.yaml", "noise.bin",
        "latin.yaml"})
    void isNoMachine(String input) {
        assertRefused("crash", input, "--policy", "linux");
        assertRefused("mappings", "--json", input);
        assertRefused("import", input, "--out", "made.yaml");
        assertThat(folder.resolve("made.yaml")).doesNotExist();
    }

    @ParameterizedTest
    @ValueSource(strings = {"empty", "nothing.yaml", "noise.bin", "deep.json", "missing"})
    void isNoFirmwareTable(String input) {
        assertRefused("acpi", input);
    }

    @ParameterizedTest
    @ValueSource(strings = {"rate=NaN", "rate=-1", "rate=Infinity", "rate=1e300", "seed=x",
        "seed=99999999999999999999", "kernel=", "kernel=99.9", "capture-kernel=6",
        "crash-at=-5ms", "crash-at=1e99s", "crashkernel=999999G", "crashkernel=x",
        "device-option=99:99.9,x=1", "device-option=01:00.0,nosuch=1", "device-option=01:00.0",
        "kernel-setting=x", "kernel-setting=vtd.nosuch=1", "times=nosuch", "policy=",
        "variant=x", "variant=,,,"})
    void isNoValue(String option) {
        int at = option.indexOf('=');
        assertRefused("crash", "server", "--" + option.substring(0, at), option.substring(at + 1),
                "--policy", "linux");
    }

    @Test
    void namesMayBeOfAnyLength() {
        String name = "a".repeat(LONG);
        for (String command : new String[] {"crash", "mappings", "walk", "acpi", name}) {
            assertRefused(command, name);
        }
        assertRefused("why", "server", "--policy", "linux", name);
    }

    @Test
    void linksThatLeadToThemselvesLeadNowhere() throws IOException {
        Files.createSymbolicLink(folder.resolve("one"), Path.of("other"));
        Files.createSymbolicLink(folder.resolve("other"), Path.of("one"));
        assertRefused("crash", "one", "--policy", "linux");
        assertRefused("acpi", "one");
        assertRefused("kit", "policy", "one");
    }

    @Test
    void projectsAreWrittenWhereThereIsRoom() throws IOException {
        assertThat(assertRefused("kit", "policy", "nothing.yaml"))
                .isEqualTo("lab: kit: nothing.yaml: is there already, and is no empty folder\n");
        assertThat(assertRefused("kit", "policy", "noise.bin/x")).isEqualTo(
                "lab: kit: noise.bin/x: cannot be written\n");
        assertThat(Files.size(folder.resolve("nothing.yaml"))).isZero();
    }

    private String assertRefused(String... arguments) {
        CommandRun run = CommandRun.in(folder, commands, arguments);
        String what = String.join(" ", arguments);
        assertThat(run.out()).as(what).isEmpty();
        assertThat(run.err()).as(what).startsWith("lab: ").hasLineCount(1)
                .hasSizeLessThan(LONGEST_LINE);
        assertThat(run.status()).as(what).isEqualTo(CommandLineInterface.BAD_INPUT);
        return run.err();
    }
}
