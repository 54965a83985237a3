// SPDX-License-Identifier: Apache-2.0
package kdump.lab.shell;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import kdump.lab.api.LabException;
import kdump.lab.api.command.LineCommand;
import kdump.lab.shell.FakeLab.Result;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What all commands have in common: help, errors in one line, exit status. */
class CommandsTest {

    private final FakeLab lab = new FakeLab();
    private final Commands commands = new Commands(lab);

    /** A conversation that says what it was given. */
    private static final class Echo implements LineCommand {
        final List<List<String>> given = new ArrayList<>();
        Exception failure;

        @Override
        public String name() {
            return "echo";
        }

        @Override
        public String usage() {
            return "WORDS: says them";
        }

        @Override
        public void run(List<String> arguments, InputStream in, PrintStream out, Path directory)
                throws LabException, IOException {
            given.add(arguments);
            if (failure instanceof LabException e) {
                throw e;
            }
            if (failure instanceof IOException e) {
                throw e;
            }
            out.print(directory + " " + String.join("|", arguments));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"help", "--help", "-h", ""})
    void helpListsEveryCommandInALine(String word) {
        commands.addConversation(new Echo());
        Result result = FakeLab.run(commands, word.isEmpty() ? new String[0]
                : new String[] {word});
        assertThat(result.out().lines().map(l -> l.split(" ")[0])).containsExactly("machines",
                "policies", "compare", "crash", "why", "mappings", "walk", "acpi", "import",
                "scenarios", "begin", "next", "state", "use", "verdict", "end", "echo",
                "COMMAND");
        assertThat(result.status()).isZero();
    }

    @Test
    void anUnknownCommandIsToldWhichThereAre() {
        Result result = lab.run("nonsense");
        assertThat(result.err()).isEqualTo("lab: nonsense: no command 'nonsense'; there are"
                + " machines, policies, compare, crash, why, mappings, walk, acpi, import,"
                + " scenarios, begin, next, state, use, verdict, end\n");
        assertThat(result.status()).isEqualTo(2);
        assertThat(result.out()).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({"machines --nonsense", "machines --js", "compare vtd1 --seed", "compare",
        "compare a b", "crash vtd1", "mappings", "walk vtd1", "machines x", "policies x"})
    void badUsageIsOneLineAndStatusTwo(String line) {
        Result result = lab.run(line.split(" "));
        assertThat(result.status()).isEqualTo(2);
        assertThat(result.err()).startsWith("lab: " + line.split(" ")[0] + ": ").hasLineCount(1);
        assertThat(result.out()).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({"policies --load x.jar", "compare m --load=x.jar"})
    void aLabThatRunsSaysWhereItTakesBundlesFrom(String line) {
        Result result = lab.run(line.split(" "));
        assertThat(result.status()).isEqualTo(2);
        assertThat(result.err()).endsWith("takes bundles from its folder load\n").hasLineCount(1);
    }

    @Test
    void whatTheUserTypedCannotBreakTheLineOrFloodIt() {
        Result result = lab.run("bad\nname\u001b[31m" + "x".repeat(5000));
        assertThat(result.err()).hasLineCount(1).doesNotContain("\u001b");
        assertThat(result.err().length()).isLessThan(300);
        lab.refusal = new LabException("y\r\n".repeat(5000));
        assertThat(lab.run("compare", "m").err()).hasLineCount(1).hasSizeLessThan(900);
    }

    @Test
    void whatTheLabRefusesIsBadInput() {
        lab.refusal = new LabException("no machine 'm'");
        Result result = lab.run("compare", "m", "--json");
        assertThat(result.err()).isEqualTo("lab: compare: no machine 'm'\n");
        assertThat(result.status()).isEqualTo(2);
        assertThat(result.out()).as("no half document").isEmpty();
    }

    @Test
    void aConversationGetsItsArgumentsAsTheyAre() {
        var echo = new Echo();
        commands.addConversation(echo);
        assertThat(FakeLab.run(commands, "echo", "--", "-a", "--", "b c"))
                .isEqualTo(new Result(0, FakeLab.HERE + " -a|--|b c", ""));
        FakeLab.run(commands, "echo");
        FakeLab.run(commands, "echo", "--json");
        assertThat(echo.given).containsExactly(List.of("-a", "--", "b c"), List.of(),
                List.of("--json"));
    }

    @Test
    void aConversationThatGoesIsMissed() {
        var echo = new Echo();
        commands.addConversation(echo);
        commands.removeConversation(new Echo());
        assertThat(FakeLab.run(commands, "echo").status()).as("another of that name went").isZero();
        commands.removeConversation(echo);
        assertThat(FakeLab.run(commands, "echo").status()).isEqualTo(2);
    }

    @Test
    void whatCannotBeWrittenIsAFailedCheck() {
        var echo = new Echo();
        commands.addConversation(echo);
        echo.failure = new IOException("broken pipe");
        assertThat(FakeLab.run(commands, "echo"))
                .isEqualTo(new Result(1, "", "lab: echo: broken pipe\n"));
        echo.failure = new LabException("not these");
        assertThat(FakeLab.run(commands, "echo").status()).isEqualTo(2);
    }
}
