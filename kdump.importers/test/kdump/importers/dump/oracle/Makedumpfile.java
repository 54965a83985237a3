// SPDX-License-Identifier: Apache-2.0
package kdump.importers.dump.oracle;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** Runs makedumpfile, which writes dumps of every form that we read. */
final class Makedumpfile {

    private static final String PROGRAM = "makedumpfile";

    private final Path directory;

    /** Takes a directory of its own for what it writes. */
    Makedumpfile(Path directory) {
        this.directory = directory;
    }

    /** Skips the test if this machine does not have it. */
    static void required() {
        assumeTrue(isPresent(), "no " + PROGRAM);
    }

    static boolean isPresent() {
        return Stream.of(System.getenv().getOrDefault("PATH", "").split(File.pathSeparator))
                .anyMatch(p -> Files.isExecutable(Path.of(p, PROGRAM)));
    }

    /**
     * Writes a dump in another form.
     *
     * @param options words apart by blanks; with -F it is flattened, with --split in three parts
     * @return the files
     */
    List<Path> convert(Path dump, String options) throws IOException, InterruptedException {
        Path folder = Files.createDirectory(directory.resolve(options.replace(' ', '_')));
        List<String> words = List.of(options.split(" "));
        List<String> command = new ArrayList<>(List.of(PROGRAM, "--message-level", "4"));
        command.addAll(words);
        command.add(dump.toString());
        List<Path> files = new ArrayList<>();
        boolean flat = words.contains("-F");
        for (int i = 0; i < (words.contains("--split") ? 3 : 1); i++) {
            files.add(folder.resolve("vmcore." + i));
            command.add(flat ? "" : files.get(i).toString());
        }
        command.removeIf(String::isEmpty);
        run(command, null, flat ? files.get(0) : null);
        return files;
    }

    /** Returns the real file of a flattened dump, put in order. */
    Path rearranged(Path flat) throws IOException, InterruptedException {
        Path real = directory.resolve("rearranged-" + flat.getFileName());
        Files.deleteIfExists(real);
        run(List.of(PROGRAM, "-R", real.toString()), flat, null);
        return real;
    }

    /** Returns the whole dump of the parts of a split one. */
    Path reassembled(List<Path> parts) throws IOException, InterruptedException {
        Path whole = directory.resolve("reassembled");
        Files.deleteIfExists(whole);
        List<String> command = new ArrayList<>(List.of(PROGRAM, "--reassemble"));
        parts.forEach(p -> command.add(p.toString()));
        command.add(whole.toString());
        run(command, null, null);
        return whole;
    }

    private void run(List<String> command, Path in, Path out)
            throws IOException, InterruptedException {
        Path log = directory.resolve("log");
        ProcessBuilder start = new ProcessBuilder(command).redirectError(log.toFile())
                .redirectOutput((out == null ? directory.resolve("output") : out).toFile());
        if (in != null) {
            start.redirectInput(in.toFile());
        }
        if (start.start().waitFor() != 0) {
            throw new IOException(String.join(" ", command) + ": " + Files.readString(log));
        }
    }
}
