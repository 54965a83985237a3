// SPDX-License-Identifier: Apache-2.0
package kdump.importers;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Where kdump left dumps: folders below a given one or below its {@code var/crash}, named by the
 * time as RHEL and Ubuntu do.
 *
 * @param folder the last by name that holds a dump
 * @param others those passed over, by name
 */
record CrashFolder(Path folder, List<Path> others) {

    /** Most folders looked into: one for each crash that nobody cleared away. */
    private static final int MAX_FOLDERS = 1000;
    private static final Pattern DUMP =
            Pattern.compile("vmcore(\\.flat|-incomplete|\\.\\d+)?|dump\\.\\d+");

    /** Returns null if no folder holds a dump. */
    static CrashFolder below(Path directory) throws IOException {
        List<Path> holding = new ArrayList<>();
        for (Path parent : List.of(directory, directory.resolve("var/crash"))) {
            for (Path folder : folders(parent)) {
                if (holdsDump(folder)) {
                    holding.add(folder);
                }
            }
        }
        if (holding.isEmpty()) {
            return null;
        }
        Path last = holding.remove(holding.size() - 1);
        return new CrashFolder(last, holding);
    }

    private static List<Path> folders(Path parent) throws IOException {
        if (!Files.isDirectory(parent)) {
            return List.of();
        }
        try (Stream<Path> paths = Files.list(parent)) {
            return paths.limit(MAX_FOLDERS).filter(Files::isDirectory)
                    .sorted(Comparator.comparing(f -> f.getFileName().toString())).toList();
        } catch (UncheckedIOException e) {
            throw e.getCause();
        }
    }

    private static boolean holdsDump(Path folder) throws IOException {
        return Files.isReadable(folder) && DumpChoice.files(folder).stream()
                .anyMatch(f -> DUMP.matcher(f.getFileName().toString()).matches());
    }

    /** Returns which folder was taken, in a sentence. */
    String remark() {
        return "The dump is the one in " + folder.getFileName() + (others.isEmpty() ? "."
                : ", the last of " + (others.size() + 1) + " by name.");
    }
}
