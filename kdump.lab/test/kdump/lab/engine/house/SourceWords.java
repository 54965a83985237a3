// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.house;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** Words of one vendor or one architecture in code that serves all of them. */
final class SourceWords {

    /** Words of vendors in any case; "amd" begins a word, of itself or in camel case. */
    private static final Pattern WORD = Pattern.compile(
            "(?i:vtd|vt-d|intel|ivrs|0xfee|sm_on|sm_off|scalable)"
                    + "|(?<![A-Za-z])amd|Amd|AMD");
    /** Strings stay; what is no code, and whom a policy is for, goes. */
    private static final Pattern TOKEN = Pattern.compile(
            "(?<text>\"(?:\\\\.|[^\"\\\\\\n])*\"|'(?:\\\\.|[^'\\\\\\n])+')"
                    + "|//[^\\n]*|/\\*.*?\\*/|@KdumpPolicy\\([^)]*\\)", Pattern.DOTALL);

    private SourceWords() { }

    /** Returns code alone: no comments, and no list of vendors that a policy is for. */
    static String code(String source) {
        return TOKEN.matcher(source).replaceAll(found -> Matcher.quoteReplacement(
                found.group(1) == null ? " " : found.group(1)));
    }

    /** Returns the words found in one file. */
    static List<String> in(String source) {
        return WORD.matcher(code(source)).results().map(found -> found.group()).toList();
    }

    /** Returns "file: word" for every word below a folder, files by their names. */
    static List<String> below(Path folder) throws IOException {
        List<String> all = new ArrayList<>();
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : files.filter(f -> f.toString().endsWith(".java")).sorted().toList()) {
                in(Files.readString(file)).forEach(word ->
                        all.add(file.getFileName() + ": " + word));
            }
        }
        return all;
    }
}
