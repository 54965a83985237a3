// SPDX-License-Identifier: Apache-2.0
package kdump.lab.tests;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The README shows what the lab prints. */
class ReadmeTest {

    private static final Path ROOT = Path.of(System.getProperty("lab.root"));

    @Test
    void itsTranscriptIsWhatTheCommandPrints() throws Exception {
        String readme = Files.readString(ROOT.resolve("README.md"));
        String command = "$ ./lab compare server --seed 7\n";
        int start = readme.indexOf("policy ", readme.indexOf(command));
        String shown = readme.substring(start, readme.indexOf("```", start)).strip();

        Process lab = new ProcessBuilder(ROOT.resolve("lab").toString(), "compare", "server",
                "--seed", "7").redirectError(ProcessBuilder.Redirect.INHERIT).start();
        String printed = new String(lab.getInputStream().readAllBytes(), StandardCharsets.UTF_8);

        assertThat(lab.waitFor()).isZero();
        assertThat(lines(printed)).containsSubsequence(lines(shown));
    }

    private static List<String> lines(String text) {
        return text.lines().map(String::stripTrailing).toList();
    }
}
