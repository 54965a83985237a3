// SPDX-License-Identifier: Apache-2.0
package kdump.importers.dump.oracle;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import kdump.importers.LabFiles;
import kdump.importers.OpenDump;

/**
 * All dumps at hand beside all oracles that are here, at as many addresses as wanted: {@code
 * LAB_ADDRESSES=100000 cnf/make differ}.
 */
public final class DumpDiffer {

    private DumpDiffer() { }

    /** Prints figures and differences, and ends with status 1 if there are any. */
    public static void main(String[] arguments) throws Exception {
        int count = Integer.parseInt(System.getenv().getOrDefault("LAB_ADDRESSES", "100000"));
        Path directory = Files.createTempDirectory("dumps");
        List<String> wrong = new ArrayList<>();
        for (Oracle oracle : Oracle.values()) {
            if (oracle.isPresent(directory)) {
                Path own = Files.createDirectory(directory.resolve(oracle.toString()));
                Readings readings = new Readings(oracle, count, own);
                readings.of(Samples.all(own));
                if (oracle == Oracle.LIBKDUMPFILE && Makedumpfile.isPresent()) {
                    Conversions conversions = new Conversions(OpenDump.of(LabFiles.shared(
                            "captures/full_vtd/vtd.kdump-zlib")), own);
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
        wrong.forEach(System.err::println);
        System.exit(wrong.isEmpty() ? 0 : 1);
    }
}
