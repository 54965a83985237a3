// SPDX-License-Identifier: Apache-2.0
package kdump.importers;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import kdump.importers.dump.Dump;

/**
 * Which files of a capture are read.
 *
 * @param file the dump
 * @param dump what it holds
 * @param registers JSON; null if there is none
 * @param guest directory with what the machine said of itself; null if there is none
 * @param remarks what was passed over, a sentence each
 */
record CaptureFiles(Path file, Dump dump, Path registers, Path guest, List<String> remarks) {

    /**
     * Most files looked at in one directory: a capture has a few dozen, and somebody will point
     * this at a home directory.
     */
    private static final int MAX_FILES = 10_000;

    /** Deepest folder searched for a file of the guest. */
    private static final int MAX_DEPTH = 6;

    private static final String AS_COPIED = "tables-as-copied";

    /** Returns whether {@code directory} holds a dump, readable or not. */
    static boolean holdsDump(Path directory) throws IOException {
        return !DumpChoice.candidates(directory).isEmpty();
    }

    /** Finds the files; {@code registers} wins over what lies in the directory, and may be null. */
    static CaptureFiles find(Path directory, Path registers) throws IOException {
        DumpChoice choice = DumpChoice.of(directory);
        Path found = registers;
        if (found == null) {
            found = choice.file().getFileName().toString().startsWith(AS_COPIED)
                    ? existing(directory, "regs-capture.json")
                    : existing(directory, "iommu-regs.json", "regs-crash.json");
        }
        Path guest = existing(directory, "guest-crashed", "guest");
        return new CaptureFiles(choice.file(), choice.dump(), found, guest, choice.remarks());
    }

    /** The files of a bare dump. */
    static CaptureFiles bare(Path file, Path registers) throws IOException {
        return new CaptureFiles(file, DumpChoice.open(file), registers, null, List.of());
    }

    private static Path existing(Path directory, String... names) {
        for (String name : names) {
            if (Files.exists(directory.resolve(name))) {
                return directory.resolve(name);
            }
        }
        return null;
    }

    /**
     * Returns a file of the guest by the end of its path, the one least deep and then first by
     * name; null if there is none.
     */
    Path guestFile(String path) throws IOException {
        if (guest == null) {
            return null;
        }
        try (Stream<Path> files = Files.walk(guest, MAX_DEPTH)) {
            return files.limit(MAX_FILES).filter(f -> f.endsWith(path) && Files.isRegularFile(f))
                    .min(Comparator.comparing(Path::getNameCount).thenComparing(Path::toString))
                    .orElse(null);
        } catch (UncheckedIOException e) {
            throw e.getCause();
        }
    }

    /** Returns a file beside the dump; null if there is none. */
    Path beside(String name) {
        return directory() == null ? null : existing(directory(), name);
    }

    private Path directory() {
        return guest == null ? null : guest.getParent();
    }

    /** Returns what the capture kernel said of itself; null if it did not. */
    Path captureFile(String name) {
        return beside("guest-capture/" + name);
    }

    /** Returns the file with the capture kernel's command line; null if there is none. */
    Path captureCommandLine() {
        return directory() == null ? null
                : existing(directory(), "guest-capture/cmdline", "kargs");
    }
}
