// SPDX-License-Identifier: Apache-2.0
package kdump.importers.fuzz;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Runs Jazzer on one parser in a JVM of its own, of 256 MiB. What it finds stays in
 * generated/fuzz/PARSER, as does the corpus that it grows.
 */
final class FuzzRun {

    /** What one run of Jazzer came to. */
    record Outcome(int status, String log) {

        /** Returns whether all inputs were taken or refused as they should be. */
        boolean clean() {
            return status == 0 && log.contains("Done ");
        }

        /** Returns the end of the log, and what reproduces a finding. */
        String tail() {
            List<String> lines = log.lines().toList();
            return String.join("\n", lines.subList(Math.max(0, lines.size() - 25), lines.size()));
        }
    }

    private static final String SEED = System.getProperty("lab.seed", "1");

    private FuzzRun() { }

    /** Runs a parser on so many inputs. */
    static Outcome inputs(Parser parser, int runs) throws IOException, InterruptedException {
        return run(parser, "-runs=" + runs);
    }

    /** Runs a parser for so long. */
    static Outcome seconds(Parser parser, long seconds) throws IOException, InterruptedException {
        return run(parser, "-max_total_time=" + seconds);
    }

    private static Outcome run(Parser parser, String limit)
            throws IOException, InterruptedException {
        Path folder = Path.of("generated", "fuzz", parser.name()).toAbsolutePath();
        Path corpus = Files.createDirectories(folder.resolve("corpus"));
        int count = 0;
        for (byte[] seed : parser.seeds()) {
            Files.write(corpus.resolve("seed-" + count++), seed);
        }
        Path log = folder.resolve("log.txt");
        var command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-Xmx256m",
                "-cp", System.getProperty("java.class.path"),
                "-Dlab.root=" + System.getProperty("lab.root", ""),
                "com.code_intelligence.jazzer.Jazzer",
                "--target_class=" + FuzzTarget.class.getName(), "--target_args=" + parser.name(),
                "--instrumentation_includes=kdump.importers.**:io.airlift.compress.**",
                "--reproducer_path=" + folder, "-artifact_prefix=" + folder + "/",
                "-seed=" + SEED, "-timeout=60", limit, corpus.toString()));
        int status = new ProcessBuilder(command).redirectErrorStream(true)
                .redirectOutput(log.toFile()).start().waitFor();
        return new Outcome(status, Files.readString(log));
    }
}
