// SPDX-License-Identifier: Apache-2.0
package kdump.importers;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * The files in which a machine said something of itself, wherever people put them: a capture's
 * {@code guest} folder, a sosreport, a folder of loose files. Immutable.
 *
 * @param folder that was searched; null for nothing
 * @param files in it, those least deep first, then by name
 * @param only what all files are about, whatever their names; null where names tell
 */
record GuestFiles(Path folder, List<Path> files, Kind only) {

    /** No files. */
    static final GuestFiles NONE = new GuestFiles(null, List.of(), null);

    /**
     * Most files looked at: a sosreport has some ten thousand, and somebody will point this at a
     * home directory.
     */
    private static final int MAX_FILES = 50_000;

    /** Deepest folder looked into. */
    private static final int MAX_DEPTH = 8;

    /** What the capture kernel said is not what the machine said. */
    private static final String CAPTURE = "guest-capture";

    /** What a file is about; of the names of a kind the first counts most. */
    enum Kind {
        /** /proc/iomem. */
        IOMEM("iomem(\\.txt)?"),
        /** /proc/cmdline. */
        COMMAND_LINE("cmdline(\\.txt)?"),
        /** /proc/interrupts. */
        INTERRUPTS("interrupts(\\.txt)?"),
        /** A listing of sysfs. */
        FUNCTIONS("pci-sysfs\\.txt"),
        /** QEMU's monitor. */
        MONITOR("(monitor-)?info-pci\\.txt"),
        /** The output of lspci, but for the tree. */
        LSPCI("lspci-vvv-xxxx\\.txt", "lspci(?![^/]*t[^/]*v|[^/]*-t)[^/]*"),
        /** The kernel's log. */
        LOG("dmesg\\.txt", "vmcore-dmesg\\.txt", "dmesg(\\.\\d+|\\.log)?",
                "sos_commands/kernel/dmesg[^/]*", "vmcore-dmesg-incomplete\\.txt",
                "kern(el)?\\.log", "console\\.log(\\.gz)?"),
        /** The DMAR table. */
        DMAR("acpi/DMAR\\.aml", "acpi/tables/DMAR", "(?i:dmar)\\.(aml|dat|bin)", "DMAR",
                "(?i:dmar)\\.(dsl|txt|hex)", "(?i)acpidump[^/]*"),
        /** The IVRS table. */
        IVRS("acpi/IVRS\\.aml", "acpi/tables/IVRS", "(?i:ivrs)\\.(aml|dat|bin)", "IVRS",
                "(?i:ivrs)\\.(dsl|txt|hex)", "(?i)acpidump[^/]*"),
        /** /proc/version or uname -a. */
        VERSION("proc/version", "uname(_-a)?(\\.txt)?", "sos_commands/kernel/uname_-a");

        private final List<Pattern> names;

        Kind(String... names) {
            this.names = Stream.of(names).map(n -> Pattern.compile("(?:.*/)?" + n)).toList();
        }
    }

    /** Looks through a folder. */
    static GuestFiles in(Path folder) throws IOException {
        return new GuestFiles(folder, FolderWalk.files(folder, MAX_DEPTH, MAX_FILES,
                f -> !inCapture(folder, f)), null);
    }

    private static boolean inCapture(Path folder, Path file) {
        Path inside = folder.relativize(file);
        return inside.getNameCount() > 0 && inside.getName(0).toString().equals(CAPTURE);
    }

    /** Returns all files of a kind, the best first; empty if there is none. */
    List<Path> all(Kind kind) {
        if (only != null) {
            return only == kind ? files : List.of();
        }
        List<Path> found = new ArrayList<>();
        for (Pattern name : kind.names) {
            for (Path file : files) {
                String inside = folder.relativize(file).toString().replace('\\', '/');
                if (name.matcher(inside).matches() && !found.contains(file)) {
                    found.add(file);
                }
            }
        }
        return found;
    }

    /** Returns the best file of a kind; null if there is none. */
    Path first(Kind kind) {
        List<Path> found = all(kind);
        return found.isEmpty() ? null : found.get(0);
    }
}
