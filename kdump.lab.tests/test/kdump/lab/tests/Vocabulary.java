// SPDX-License-Identifier: Apache-2.0
package kdump.lab.tests;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * The words that docs/vocabulary.md refuses in names of types.
 *
 * @param refused as a part of a name, from capital to capital
 * @param allowed whole names that have one all the same
 */
record Vocabulary(Set<String> refused, Set<String> allowed) {

    private static final String HEADING = "## Refused in names of types";
    private static final Pattern ROW = Pattern.compile("^\\| ([A-Z][\\w, ]*) \\|");
    private static final Pattern ALLOWED = Pattern.compile("^Allowed [^:]*: (.*)");
    private static final Pattern TYPE = Pattern.compile("^\\s*(?:(?:public|private|protected"
            + "|static|final|abstract|sealed|non-sealed) )*"
            + "(?:class|record|interface|enum|@interface) ([A-Z]\\w*)");

    /** Reads the table and what is said below it. */
    static Vocabulary read(Path file) throws IOException {
        Set<String> refused = new TreeSet<>();
        Set<String> allowed = new TreeSet<>();
        boolean reached = false;
        for (String line : Files.readAllLines(file)) {
            reached |= line.equals(HEADING);
            if (reached) {
                groups(ROW, line).forEach(words -> refused.addAll(List.of(words.split(", "))));
                groups(ALLOWED, line).forEach(names -> groups(Pattern.compile("([A-Z]\\w*) \\("),
                        names).forEach(allowed::add));
            }
        }
        return new Vocabulary(refused, allowed);
    }

    /** Returns those names that have a refused word in them. */
    Set<String> bad(Collection<String> names) {
        Set<String> bad = new TreeSet<>(names);
        bad.removeIf(name -> allowed.contains(name)
                || Arrays.stream(name.split("(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])"))
                        .noneMatch(refused::contains));
        return bad;
    }

    /** Returns the names of the types that are declared in the sources of all projects. */
    static Set<String> types(Path root) throws IOException {
        Set<String> types = new TreeSet<>();
        try (Stream<Path> projects = Files.list(root)) {
            for (Path src : projects.map(p -> p.resolve("src")).filter(Files::isDirectory)
                    .toList()) {
                try (Stream<Path> files = Files.walk(src)) {
                    for (Path file : files.filter(f -> f.toString().endsWith(".java")).toList()) {
                        Files.readAllLines(file).forEach(l -> groups(TYPE, l).forEach(types::add));
                    }
                }
            }
        }
        return types;
    }

    private static Stream<String> groups(Pattern pattern, String text) {
        return pattern.matcher(text).results().map((MatchResult m) -> m.group(1));
    }
}
