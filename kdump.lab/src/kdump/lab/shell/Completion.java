// SPDX-License-Identifier: Apache-2.0
package kdump.lab.shell;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Supplier;
import java.util.stream.Stream;
import kdump.lab.api.Lab;
import kdump.lab.api.LabException;
import kdump.lab.api.Target;
import kdump.lab.api.WhyQuestion;
import kdump.lab.api.command.CommandHelp;
import kdump.lab.api.command.CommandLineInterface.Candidate;
import kdump.lab.api.experiment.Scenarios;

/**
 * What a line may go on with: the word in capitals that help prints for an argument or for the
 * value of an option says which kind of word it is. Thread-safe.
 */
final class Completion {

    /** A folder with more entries is not listed to its end. */
    private static final int MAX_FILES = 500;

    private final Lab lab;
    private final Supplier<Scenarios> scenarios;

    Completion(Lab lab, Supplier<Scenarios> scenarios) {
        this.lab = lab;
        this.scenarios = scenarios;
    }

    /** Returns what the last word may be, sorted. */
    List<Candidate> of(List<CommandHelp> commands, List<String> words, Path directory) {
        var found = new ArrayList<Candidate>();
        int last = words.size() - 1;
        if (last <= 0) {
            commands.forEach(c -> found.add(new Candidate(c.name(), c.summary())));
            found.add(new Candidate("help", "all commands"));
        } else if (words.get(0).equals("help")) {
            commands.forEach(c -> found.add(new Candidate(c.name(), c.summary())));
        } else {
            commands.stream().filter(c -> c.name().equals(words.get(0))).findFirst()
                    .ifPresent(c -> found.addAll(of(c, words, directory)));
        }
        found.sort(Comparator.comparing(Candidate::word));
        return found;
    }

    private List<Candidate> of(CommandHelp command, List<String> words, Path directory) {
        int last = words.size() - 1;
        var positional = new ArrayList<String>();
        var given = new HashSet<String>();
        CommandHelp.Option waits = null;
        for (String word : words.subList(1, last)) {
            if (waits != null) {
                waits = null;
            } else if (word.startsWith("--")) {
                given.add(word);
                waits = command.options().stream().filter(
                        o -> o.name().equals(word) && o.value() != null).findFirst().orElse(null);
            } else {
                positional.add(word);
            }
        }
        if (waits != null) {
            return values(waits.value(), positional, words.get(last), directory);
        }
        String[] kinds = command.arguments().split(" ");
        int at = Math.min(positional.size(), kinds.length - 1);
        boolean more = positional.size() < kinds.length || kinds[at].endsWith("...");
        if (more && !kinds[at].isEmpty() && !words.get(last).startsWith("-")) {
            var found = new ArrayList<>(values(kinds[at].replaceAll("[^A-Z]", ""), positional,
                    words.get(last), directory));
            if (words.get(last).isEmpty() && found.isEmpty()) {
                found.addAll(options(command, given));
            }
            return found;
        }
        return options(command, given);
    }

    private static List<Candidate> options(CommandHelp command, Set<String> given) {
        return command.options().stream().filter(o -> o.repeats() || !given.contains(o.name()))
                .map(o -> new Candidate(o.name(), o.text())).toList();
    }

    private List<Candidate> values(String kind, List<String> before, String typed,
            Path directory) {
        return switch (kind) {
            case "MACHINE", "TARGET" -> machines(typed, directory);
            case "POLICY" -> lab.policies().stream().filter(p -> !p.shadowed())
                    .map(p -> new Candidate(p.name(), p.bundle() + " " + p.version())).toList();
            case "BDF" -> before.isEmpty() ? List.of() : requesters(before.get(0), directory);
            case "WHAT" -> WhyQuestion.words().stream().map(w -> new Candidate(w, "")).toList();
            case "ID" -> scenarios.get() == null ? List.of() : scenarios.get().ids().stream()
                    .map(id -> new Candidate(id, "")).toList();
            case "TIMES" -> words("recorded", "server");
            case "DRIVERS" -> words("all", "dump-target");
            case "PHASE" -> words("T0", "T1", "T2", "T3", "T4", "T5a", "T5b", "T6", "T7", "T8");
            case "FILE", "DIR", "JAR" -> files(typed, directory);
            default -> List.of();
        };
    }

    private static List<Candidate> words(String... words) {
        return Stream.of(words).map(w -> new Candidate(w, "")).toList();
    }

    private List<Candidate> machines(String typed, Path directory) {
        var found = new ArrayList<Candidate>();
        try {
            lab.machines().forEach(m -> found.add(new Candidate(m.name(), m.source())));
        } catch (LabException e) {
            // one of them cannot be read: `machines` says which
        }
        found.addAll(files(typed, directory));
        return found;
    }

    private List<Candidate> requesters(String machine, Path directory) {
        try {
            return lab.requesters(new Target(machine, directory, null)).stream()
                    .map(r -> new Candidate(r, "")).toList();
        } catch (LabException | InvalidPathException e) {
            return List.of();
        }
    }

    /** Files and folders beside the word that is being typed; a folder ends in a slash. */
    private static List<Candidate> files(String typed, Path directory) {
        String folder = typed.substring(0, typed.lastIndexOf('/') + 1);
        try (Stream<Path> inside = Files.list(directory.resolve(folder))) {
            return inside.limit(MAX_FILES).filter(p -> !p.getFileName().toString().startsWith("."))
                    .map(p -> new Candidate(folder + p.getFileName()
                            + (Files.isDirectory(p) ? "/" : ""), "")).toList();
        } catch (IOException | InvalidPathException e) {
            return List.of();
        }
    }
}
