// SPDX-License-Identifier: Apache-2.0
package kdump.importers.dump.oracle;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import kdump.importers.LabFiles;
import kdump.importers.OpenDump;

/**
 * All dumps at hand beside all oracles that are here, at as many addresses as wanted: {@code
 * LAB_ADDRESSES=100000 cnf/make differ}.
 */
public final class DumpDiffer {

    private DumpDiffer() { }

    /**
     * Prints figures and differences, and ends with status 1 if there are any; says so and does
     * nothing without dumps beside the repository.
     */
    public static void main(String[] arguments) throws Exception {
        int count = Integer.parseInt(System.getenv().getOrDefault("LAB_ADDRESSES", "100000"));
        if (!Files.exists(LabFiles.root().toAbsolutePath().resolveSibling("shared/captures"))) {
            System.err.println("no dumps beside the repository");
            return;
        }
        Path directory = Files.createTempDirectory("dumps");
        List<String> wrong = new ArrayList<>();
        try {
            for (Oracle oracle : Oracle.values()) {
                if (oracle.isPresent(directory)) {
                    Path own = Files.createDirectory(directory.resolve(oracle.toString()));
                    compare(oracle, count, own, wrong);
                }
            }
        } finally {
            try (Stream<Path> files = Files.walk(directory)) {
                for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                    Files.delete(file);
                }
            }
        }
        wrong.forEach(System.err::println);
        System.exit(wrong.isEmpty() ? 0 : 1);
    }

    private static void compare(Oracle oracle, int count, Path directory, List<String> wrong)
            throws IOException, InterruptedException {
        Readings readings = new Readings(oracle, count, directory);
        readings.of(Samples.all(directory));
        if (oracle == Oracle.LIBKDUMPFILE && Makedumpfile.isPresent()) {
            Conversions conversions = new Conversions(OpenDump.of(LabFiles.shared(
                    "captures/full_vtd/vtd.kdump-zlib")), directory);
            for (String form : Conversions.ALL) {
                System.err.println("makedumpfile " + form + ": "
                        + conversions.compare(form, readings) + " pages");
            }
            wrong.addAll(conversions.wrong());
        }
        readings.comparisons().forEach(System.err::println);
        readings.refusals().forEach(System.err::println);
        System.err.println(readings);
        wrong.addAll(readings.wrong());
    }
}
