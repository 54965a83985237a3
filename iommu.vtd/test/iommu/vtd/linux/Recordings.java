// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.linux;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Recordings of real kernels beside the repository; a test without them is skipped. */
public final class Recordings {

    private Recordings() { }

    /** Returns a file of a recording. */
    public static Path file(String recording, String name) {
        Path at = Path.of(System.getProperty("lab.root", "")).toAbsolutePath();
        while (!Files.isDirectory(at.resolve("docs/captures"))) {
            at = at.getParent();
        }
        Path file = at.resolve("../shared/captures/" + recording + "/" + name);
        assumeTrue(Files.exists(file), "the recordings are absent");
        return file;
    }

    /** Returns the lines of a recording's console that begin with DMAR, without their times. */
    public static List<String> console(String recording) throws IOException {
        return Files.readAllLines(file(recording, "console.log"), StandardCharsets.ISO_8859_1)
                .stream().map(line -> line.replaceFirst("^\\[ *[0-9.]+\\] ", "").strip())
                .filter(line -> line.matches("DMAR(-IR)?: .*")).toList();
    }
}
