// SPDX-License-Identifier: Apache-2.0
package kdump.lab.tests;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import kdump.lab.tests.LabProcess.Result;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code ./lab -f FILE}: files of lines as people type them into the shell. */
class ScriptFileTest {

    @TempDir
    Path directory;

    private Result run(String lines) throws Exception {
        Files.writeString(directory.resolve("mine.gosh"), lines);
        return LabProcess.start(directory, directory, "-f", "mine.gosh").finish();
    }

    @Test
    void resultsGoIntoPipesVariablesAndFiles() throws Exception {
        Result result = run("""
                # what is in force
                policies | grep copy-t
                x = (policies)
                ($x get 0) name
                y = (policies | grep scratch)
                echo "<$y>"
                c = (compare vtd1 --policy linux --policy copy-tables --crash-at 1ms)
                (($c verdicts) get 1) dump
                each [linux block] { compare vtd1 --policy $it --crash-at 1ms > "${it}.txt" }
                policies --json > all.json
                """);
        assertThat(result.err()).isEmpty();
        assertThat(result.status()).isZero();
        assertThat(result.out().lines()).contains("linux", "complete")
                .anyMatch(line -> line.startsWith("<scratch-page"));
        assertThat(result.out().lines().findFirst()).hasValueSatisfying(
                line -> assertThat(line).startsWith("copy-tables ").contains("kdump.policies."));
        assertThat(directory.resolve("linux.txt")).content().contains("linux *");
        assertThat(directory.resolve("block.txt")).content().contains("block ");
        assertThat(Json.rows(Json.read(Files.readString(directory.resolve("all.json")))))
                .isNotEmpty();
    }

    @Test
    void theFirstLineThatFailsEndsItWithItsStatus() throws Exception {
        Result result = run("echo one\ncompare no-such-machine\necho two\n");
        assertThat(result.status()).isEqualTo(2);
        assertThat(result.out()).isEqualTo("one\n");
        assertThat(result.err()).startsWith("lab: compare: no-such-machine: ").hasLineCount(1);
        assertThat(run("exit 7\necho two\n")).isEqualTo(new Result(7, "", ""));
    }

    @Test
    void whatIsNoScriptIsOneLine() throws Exception {
        for (String lines : new String[] {"echo (", "nonsense\n", "$undefined get 0\n"}) {
            Result result = run(lines);
            assertThat(result.status()).as(lines).isEqualTo(2);
            assertThat(result.err()).startsWith("lab: ").hasLineCount(1);
        }
        Result none = LabProcess.start(directory, directory, "-f", "none").finish();
        assertThat(none.status()).isEqualTo(2);
        assertThat(none.err()).startsWith("lab: none: ").hasLineCount(1);
        assertThat(LabProcess.start(directory, directory, "-f").finish().status()).isEqualTo(2);
    }

    @Test
    void sourcePrintsEachAnswerAndKeepsVariables() throws Exception {
        Files.writeString(directory.resolve("other.gosh"), """
                x = (policies)
                ($x get 0) name
                echo two
                compare no-such-machine
                echo three
                """);
        Result result = run("source other.gosh\necho four\n");
        assertThat(result.out()).contains("\nlinux\ntwo\n").doesNotContain("three", "four");
        assertThat(result.err()).startsWith("lab: compare: no-such-machine: ").hasLineCount(1);
        assertThat(result.status()).isEqualTo(2);
        Files.writeString(directory.resolve("other.gosh"), "y = 'kept'\n");
        assertThat(run("source other.gosh\necho \"<$y>\"\n").out()).endsWith("<kept>\n");
        assertThat(run("source\n").err()).contains("0 arguments, expected the name of a file");
        assertThat(run("source none\n").err()).startsWith("lab: none: ").hasLineCount(1);
    }
}
