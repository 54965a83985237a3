// SPDX-License-Identifier: Apache-2.0
package kdump.importers;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/**
 * Where tests find real files: those of this repository, and those beside it, if they are there.
 */
public final class LabFiles {

    private LabFiles() { }

    /** Returns the root of the repository. */
    public static Path root() {
        String given = System.getProperty("lab.root");
        if (given != null) {
            return Path.of(given);
        }
        Path at = Path.of("").toAbsolutePath();
        while (at != null && !(Files.exists(at.resolve("bnd.bnd"))
                && Files.isDirectory(at.resolve("docs")))) {
            at = at.getParent();
        }
        if (at == null) {
            throw new IllegalStateException("no lab.root, and not run inside the repository");
        }
        return at;
    }

    /** Returns a capture of this repository. */
    public static Path capture(String name) {
        return root().resolve("docs/captures").resolve(name);
    }

    /** Returns a folder beside the repository; without it the test is skipped. */
    public static Path shared(String name) {
        Path folder = root().toAbsolutePath().normalize().resolveSibling("shared").resolve(name);
        assumeTrue(Files.exists(folder), folder + " is not here");
        return folder;
    }

    /** Returns the files of a folder by name. */
    public static List<Path> filesOf(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.filter(Files::isRegularFile).sorted().toList();
        }
    }
}
