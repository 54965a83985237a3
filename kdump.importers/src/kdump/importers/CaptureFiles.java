// SPDX-License-Identifier: Apache-2.0
package kdump.importers;

import iommu.api.machine.FormatException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import kdump.importers.bytes.FileKind;

/**
 * Which files of a capture are read.
 *
 * @param core the ELF core
 * @param registers JSON; null if there is none
 * @param guest directory with what the machine said of itself; null if there is none
 * @param remarks what was passed over, a sentence each
 */
record CaptureFiles(Path core, Path registers, Path guest, List<String> remarks) {

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
        for (Path file : candidates(directory)) {
            if (isDump(file)) {
                return true;
            }
        }
        return false;
    }

    /** A damaged gzip file counts: reading it says what is wrong with it. */
    static boolean isDump(Path file) throws IOException {
        try {
            return FileKind.of(file).isDump();
        } catch (FormatException e) {
            return true;
        }
    }

    /** Finds the files; {@code registers} wins over what lies in the directory, and may be null. */
    static CaptureFiles find(Path directory, Path registers) throws IOException {
        List<String> remarks = new ArrayList<>();
        Path core = core(directory, remarks);
        Path found = registers;
        if (found == null) {
            found = core.getFileName().toString().startsWith(AS_COPIED)
                    ? existing(directory, "regs-capture.json")
                    : existing(directory, "iommu-regs.json", "regs-crash.json");
        }
        Path guest = existing(directory, "guest-crashed", "guest");
        return new CaptureFiles(core, found, guest, List.copyOf(remarks));
    }

    /** The files of a bare core. */
    static CaptureFiles bare(Path core, Path registers) throws IOException {
        FileKind kind = FileKind.of(core);
        if (kind != FileKind.ELF) {
            throw notElf(core, kind);
        }
        return new CaptureFiles(core, registers, null, List.of());
    }

    private static Path core(Path directory, List<String> remarks) throws IOException {
        Path core = null;
        Path other = null;
        for (Path file : candidates(directory)) {
            FileKind kind = FileKind.of(file);
            if (kind == FileKind.ELF && core == null) {
                core = file;
            } else if (kind == FileKind.ELF) {
                remarks.add("Not read: " + file.getFileName() + ", as " + core.getFileName()
                        + " is.");
            } else if (kind.isDump() && other == null) {
                other = file;
            }
        }
        if (core == null && other != null) {
            throw notElf(other, FileKind.of(other));
        }
        if (core == null) {
            throw new FormatException(directory.toString(), 0, "dump", "none",
                    "a file tables* or vmcore* that is an ELF core");
        }
        return core;
    }

    private static FormatException notElf(Path file, FileKind kind) {
        return new FormatException(file.toString(), 0, "signature", kind.name(),
                kind.isDump() ? "an ELF core: kdump-compressed files are not read yet"
                        : "an ELF core");
    }

    /** Returns the files that are named like a dump: first tables, then vmcore, each by name. */
    private static List<Path> candidates(Path directory) throws IOException {
        try (Stream<Path> files = Files.list(directory)) {
            return files.limit(MAX_FILES).filter(f -> {
                String name = f.getFileName().toString();
                return (name.startsWith("tables") || name.startsWith("vmcore"))
                        && Files.isRegularFile(f);
            }).sorted(Comparator.comparing(f -> f.getFileName().toString())).toList();
        } catch (UncheckedIOException e) {
            throw e.getCause();
        }
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
}
