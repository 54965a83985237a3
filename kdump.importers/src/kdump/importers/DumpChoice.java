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
import java.util.regex.Pattern;
import java.util.stream.Stream;
import kdump.importers.bytes.Content;
import kdump.importers.bytes.FileKind;
import kdump.importers.dump.Dump;
import kdump.importers.elf.ElfCore;
import kdump.importers.kdump.KdumpFile;
import kdump.importers.kdump.SplitPart;

/**
 * Which dump of a directory is read: the first ELF core by name; without one, the kdump-compressed
 * file that holds the most memory, the first by name among equals.
 *
 * @param file where it is
 * @param dump what it holds
 * @param remarks what was passed over, a sentence each
 */
record DumpChoice(Path file, Dump dump, List<String> remarks) {

    /**
     * Most files looked at in one directory: a capture has a few dozen, and somebody will point
     * this at a home directory.
     */
    private static final int MAX_FILES = 10_000;

    private static final Pattern NAMES = Pattern.compile("(?:tables|vmcore).*|dump\\.\\d+");

    /** Chooses; returns null if there is no dump. */
    static DumpChoice of(Path directory) throws IOException {
        List<Path> cores = new ArrayList<>();
        List<Path> others = new ArrayList<>();
        for (Path file : candidates(directory)) {
            (FileKind.of(file) == FileKind.ELF ? cores : others).add(file);
        }
        if (!cores.isEmpty()) {
            Path core = cores.remove(0);
            return new DumpChoice(core, open(core), cores.stream()
                    .map(f -> notRead(f, "as " + core.getFileName() + " is")).toList());
        }
        if (others.isEmpty()) {
            return null;
        }
        return mostComplete(others);
    }

    private static DumpChoice mostComplete(List<Path> files) throws IOException {
        DumpChoice best = null;
        FormatException first = null;
        List<String> remarks = new ArrayList<>();
        for (Path file : files) {
            try {
                Dump dump = open(file);
                if (best == null || bytes(dump) > bytes(best.dump())) {
                    best = new DumpChoice(file, dump, remarks);
                }
            } catch (FormatException e) {
                first = first == null ? e : first;
                remarks.add("Not read: " + e.getMessage() + ".");
            }
        }
        if (best == null) {
            throw first;
        }
        SplitPart part = SplitDump.partOf(best.file());
        for (Path file : files) {
            if (!file.equals(best.file())
                    && (part == null || !part.goesWith(SplitDump.partOf(file)))
                    && remarks.stream().noneMatch(r -> r.startsWith("Not read: " + file + ":"))) {
                remarks.add(notRead(file, "as " + best.file().getFileName() + " holds "
                        + "as much or more"));
            }
        }
        return best;
    }

    private static String notRead(Path file, String why) {
        return "Not read: " + file.getFileName() + ", " + why + ".";
    }

    private static long bytes(Dump dump) {
        return Ranges.bytes(dump.image().ranges());
    }

    /** Opens a dump of whatever format. */
    static Dump open(Path file) throws IOException {
        if (!FileKind.of(file).isDump()) {
            throw new FormatException(file.toString(), 0, "signature", "neither",
                    "an ELF core or a kdump-compressed file");
        }
        Content content = KdumpFile.inOrder(Content.open(file));
        if (FileKind.of(content) == FileKind.ELF) {
            return ElfCore.read(content);
        }
        SplitPart part = KdumpFile.part(content);
        return part == null ? KdumpFile.read(content) : SplitDump.open(file, part);
    }

    /** A damaged gzip file counts: reading it says what is wrong with it. */
    static boolean isDump(Path file) throws IOException {
        try {
            return FileKind.of(file).isDump();
        } catch (FormatException e) {
            return true;
        }
    }

    /**
     * Returns the dumps: files named {@code tables*}, {@code vmcore*} or like
     * {@code dump.202611281044}; without one, any file that begins like a kdump-compressed one. By
     * name.
     */
    static List<Path> candidates(Path directory) throws IOException {
        List<Path> named = new ArrayList<>();
        List<Path> unnamed = new ArrayList<>();
        for (Path file : files(directory)) {
            String name = file.getFileName().toString();
            if (NAMES.matcher(name).matches() && isDump(file)) {
                named.add(file);
            }
            unnamed.add(file);
        }
        if (named.isEmpty()) {
            for (Path file : unnamed) {
                if (Files.isReadable(file) && isKdump(file)) {
                    named.add(file);
                }
            }
        }
        return named;
    }

    static boolean isKdump(Path file) throws IOException {
        try {
            FileKind kind = FileKind.of(file);
            return kind == FileKind.KDUMP || kind == FileKind.FLATTENED;
        } catch (FormatException e) {
            return false;
        }
    }

    /** Returns the files of a directory by name. */
    static List<Path> files(Path directory) throws IOException {
        try (Stream<Path> files = Files.list(directory)) {
            return files.limit(MAX_FILES).filter(Files::isRegularFile)
                    .sorted(Comparator.comparing(f -> f.getFileName().toString())).toList();
        } catch (UncheckedIOException e) {
            throw e.getCause();
        }
    }
}
