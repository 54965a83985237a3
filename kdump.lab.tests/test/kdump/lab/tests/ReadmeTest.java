// SPDX-License-Identifier: Apache-2.0
package kdump.lab.tests;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The README shows what the lab prints. */
class ReadmeTest {

    private static final Path ROOT = Path.of(System.getProperty("lab.root"));

    /** Each command of the README with what it shows of its output; left out is what dots say. */
    static List<String> transcripts() throws IOException {
        return Pattern.compile("^\\$ \\./lab (.*?)^```$", Pattern.MULTILINE | Pattern.DOTALL)
                .matcher(Files.readString(ROOT.resolve("README.md"))).results()
                .map(found -> found.group(1)).toList();
    }

    @Test
    void itHasTranscripts() throws IOException {
        assertThat(transcripts()).hasSizeGreaterThanOrEqualTo(2);
    }

    @ParameterizedTest
    @MethodSource("transcripts")
    void aTranscriptIsWhatTheCommandPrints(String transcript) throws Exception {
        List<String> shown = new ArrayList<>(lines(transcript));
        List<String> command = new ArrayList<>(List.of(ROOT.resolve("lab").toString()));
        command.addAll(List.of(shown.remove(0).split(" ")));
        shown.removeIf(line -> line.strip().equals("..."));

        Process lab = new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.INHERIT).start();
        String printed = new String(lab.getInputStream().readAllBytes(), StandardCharsets.UTF_8);

        assertThat(lab.waitFor()).isZero();
        assertThat(lines(printed)).containsSubsequence(shown);
    }

    private static List<String> lines(String text) {
        return text.lines().map(String::stripTrailing).toList();
    }
}
