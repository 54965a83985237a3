// SPDX-License-Identifier: Apache-2.0
package kdump.importers;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import kdump.importers.dump.Dump;

/**
 * Which files of a capture are read.
 *
 * @param directory that holds all; null for a bare dump
 * @param file the dump; null if there is none
 * @param dump what it holds; null if there is none
 * @param registers JSON files, one a unit; empty if there is none
 * @param guest what the machine said of itself
 * @param remarks what was passed over, a sentence each
 */
record CaptureFiles(Path directory, Path file, Dump dump, List<Path> registers, GuestFiles guest,
        List<String> remarks) {

    private static final String AS_COPIED = "tables-as-copied";
    private static final Pattern CRASH_REGISTERS =
            Pattern.compile("(iommu-regs|regs-crash)([-_.].*)?\\.json");
    private static final Pattern COPIED_REGISTERS =
            Pattern.compile("regs-capture([-_.].*)?\\.json");
    /** What a directory without a dump has at its top if it is about a machine. */
    static final List<String> TELLING = List.of("guest-crashed", "guest", "sos_commands",
            "proc/iomem", "proc/cmdline", "sys/firmware/acpi/tables", "sys/devices",
            "var/log/dmesg");
    private static final List<String> GUESTS = List.of("guest-crashed", "guest");

    /** Finds the files; {@code registers} wins over what lies in the directory, and may be null. */
    static CaptureFiles find(Path directory, Path registers) throws IOException {
        DumpChoice choice = DumpChoice.of(directory);
        CrashFolder crash = choice != null ? null : CrashFolder.below(directory);
        if (crash != null) {
            choice = DumpChoice.of(crash.folder());
        }
        boolean tells = crash == null || TELLING.stream()
                .anyMatch(name -> Files.exists(directory.resolve(name)));
        GuestFiles guest = guest(tells ? directory : crash.folder());
        if (choice == null) {
            return new CaptureFiles(directory, null, null,
                    registers(directory, registers, CRASH_REGISTERS), guest, List.of());
        }
        boolean copied = choice.file().getFileName().toString().startsWith(AS_COPIED);
        return new CaptureFiles(directory, choice.file(), choice.dump(),
                registers(directory, registers, copied ? COPIED_REGISTERS : CRASH_REGISTERS),
                guest, remarks(crash, choice));
    }

    private static List<String> remarks(CrashFolder crash, DumpChoice choice) {
        List<String> remarks = new ArrayList<>(choice.remarks());
        if (crash != null) {
            remarks.add(0, crash.remark());
        }
        return remarks;
    }

    /** The files of a bare dump. */
    static CaptureFiles bare(Path file, Path registers) throws IOException {
        return new CaptureFiles(null, file, DumpChoice.open(file),
                registers == null ? List.of() : List.of(registers), GuestFiles.NONE, List.of());
    }

    /** The files of a kernel's log that lies alone. */
    static CaptureFiles log(Path file, Path registers) {
        return new CaptureFiles(null, null, null,
                registers == null ? List.of() : List.of(registers),
                new GuestFiles(null, List.of(file), GuestFiles.Kind.LOG), List.of());
    }

    /** Without a folder of its own, what the machine said lies about. */
    private static GuestFiles guest(Path directory) throws IOException {
        for (String name : GUESTS) {
            if (Files.isDirectory(directory.resolve(name))) {
                return GuestFiles.in(directory.resolve(name));
            }
        }
        return GuestFiles.in(directory);
    }

    /** Files of one name with and without addition are one a unit: iommu-regs-2.json. */
    private static List<Path> registers(Path directory, Path given, Pattern names)
            throws IOException {
        if (given != null) {
            return List.of(given);
        }
        List<Path> found = new ArrayList<>();
        for (Path file : DumpChoice.files(directory)) {
            if (names.matcher(file.getFileName().toString()).matches()) {
                found.add(file);
            }
        }
        if (found.stream().anyMatch(f -> f.endsWith("iommu-regs.json"))) {
            found.removeIf(f -> f.getFileName().toString().startsWith("regs-crash"));
        }
        return found;
    }

    /** Returns whether the dump holds the tables as a capture kernel copied them. */
    boolean isCopied() {
        return file != null && file.getFileName().toString().startsWith(AS_COPIED);
    }

    /** Returns a file of the directory; null if there is none. */
    Path beside(String name) {
        Path path = directory == null ? null : directory.resolve(name);
        return path != null && Files.isRegularFile(path) ? path : null;
    }

    /** Returns what the capture kernel said of itself; null if it did not. */
    Path captureFile(String name) {
        return beside("guest-capture/" + name);
    }

    /** Returns the file with the capture kernel's command line; null if there is none. */
    Path captureCommandLine() {
        Path own = captureFile("cmdline");
        return own != null ? own : beside("kargs");
    }
}
