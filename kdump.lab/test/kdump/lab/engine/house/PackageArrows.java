// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.house;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Which part of the engine uses which, by the names in its sources: imports, and whole names in
 * code.
 */
final class PackageArrows {

    private static final Pattern PART =
            Pattern.compile("\\bkdump\\.lab\\.engine\\.([a-z]\\w*)\\.");
    private static final Pattern VERDICT =
            Pattern.compile("\\bkdump\\.lab\\.api\\.(Verdict\\b|\\*)");

    /** The parts, lowest first: one may use those before it. */
    private final List<String> order;
    private final Map<String, Set<String>> uses = new TreeMap<>();
    private final Set<String> knowVerdict = new TreeSet<>();

    /** Reads the sources of the engine's parts, a folder each. */
    PackageArrows(Path engine, List<String> order) throws IOException {
        this.order = order;
        for (Path file : javaFiles(engine)) {
            String part = engine.relativize(file).getName(0).toString();
            String code = SourceWords.code(Files.readString(file));
            Matcher used = PART.matcher(code);
            while (used.find()) {
                if (!used.group(1).equals(part)) {
                    uses.computeIfAbsent(part, p -> new TreeSet<>()).add(used.group(1));
                }
            }
            if (VERDICT.matcher(code).find()) {
                knowVerdict.add(part);
            }
        }
    }

    private static List<Path> javaFiles(Path folder) throws IOException {
        try (Stream<Path> files = Files.walk(folder)) {
            return files.filter(f -> f.toString().endsWith(".java")).sorted().toList();
        }
    }

    /** Returns the parts that use another. */
    Set<String> usersOf(String other) {
        var users = new TreeSet<String>();
        uses.forEach((part, used) -> {
            if (used.contains(other)) {
                users.add(part);
            }
        });
        return users;
    }

    /** Returns "from -> to" for each arrow that does not point downwards. */
    List<String> upward() {
        List<String> bad = new ArrayList<>();
        uses.forEach((part, used) -> used.stream()
                .filter(to -> order.indexOf(to) < 0 || order.indexOf(to) >= order.indexOf(part))
                .forEach(to -> bad.add(part + " -> " + to)));
        return bad;
    }

    /** Returns the parts that know what a verdict is. */
    Set<String> knowVerdict() {
        return knowVerdict;
    }

    /** Returns the parts that are there and the order does not know. */
    static List<String> unknown(Path engine, List<String> order) throws IOException {
        try (Stream<Path> folders = Files.list(engine)) {
            return folders.filter(Files::isDirectory).map(f -> f.getFileName().toString())
                    .filter(part -> !order.contains(part)).sorted().toList();
        }
    }

    /** Returns the folders below one that have more Java files than {@code most}. */
    static List<String> crowded(Path root, int most) throws IOException {
        var counts = new TreeMap<String, Integer>();
        for (Path file : javaFiles(root)) {
            counts.merge(root.relativize(file.getParent()).toString(), 1, Integer::sum);
        }
        counts.values().removeIf(count -> count <= most);
        return List.copyOf(counts.keySet());
    }}
