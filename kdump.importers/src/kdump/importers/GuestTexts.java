// SPDX-License-Identifier: Apache-2.0
package kdump.importers;

import iommu.api.pcie.FunctionConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import kdump.importers.GuestFiles.Kind;
import kdump.importers.bytes.Content;
import kdump.importers.bytes.TextFile;
import kdump.importers.functions.PinAssumption;
import kdump.importers.kernellog.KernelLog;
import kdump.importers.kernellog.LoggedMemory;
import kdump.importers.lspci.LspciDump;
import kdump.importers.proc.CommandLine;
import kdump.importers.proc.Iomem;
import kdump.importers.sysfs.SysfsTree;

/** What a machine said of itself: memory, functions, kernel, command lines. Used once. */
final class GuestTexts {

    /** Most logs looked at: a machine rarely keeps more than these. */
    private static final int MOST_LOGS = 8;
    private static final Pattern VERSION =
            Pattern.compile("(?:Linux version (\\S{1,200})|Linux \\S+ (\\S{1,200})).*");
    private static final int VERSION_BYTES = 1 << 16;

    private final CaptureFiles files;
    private final GuestFiles guest;
    private final List<String> remarks;
    private KernelLog log;
    private Iomem memory;

    private GuestTexts(CaptureFiles files, List<String> remarks) {
        this.files = files;
        this.guest = files.guest();
        this.remarks = remarks;
    }

    /** Reads what there is of logs and memory maps. */
    static GuestTexts read(CaptureFiles files, List<String> remarks) throws IOException {
        GuestTexts texts = new GuestTexts(files, remarks);
        texts.log = texts.bestLog();
        texts.memory = texts.memoryMap();
        return texts;
    }

    /** Returns the kernel's log; null if there is none. */
    KernelLog log() {
        return log;
    }

    /** Returns the memory map; null if nothing tells. */
    Iomem memory() {
        return memory;
    }

    /** The log that tells most counts; the best name among equals. */
    private KernelLog bestLog() throws IOException {
        TextFile best = null;
        long most = 0;
        List<Path> logs = guest.all(Kind.LOG);
        for (Path file : logs.subList(0, Math.min(MOST_LOGS, logs.size()))) {
            TextFile text = text(file, KernelLog.MAX_BYTES);
            long told = KernelLog.tellingLines(text);
            if (told > most) {
                best = text;
                most = told;
            }
        }
        return best == null ? null : KernelLog.of(best);
    }

    /** Reads a text, gzipped or not. */
    private static TextFile text(Path file, int limit) throws IOException {
        if (!file.toString().endsWith(".gz")) {
            return TextFile.read(file, limit);
        }
        Content content = Content.open(file);
        byte[] bytes = new byte[(int) Math.min(limit, content.bytes())];
        content.read(0, bytes, 0, bytes.length);
        return TextFile.of(file.toString(), bytes);
    }

    private Iomem memoryMap() throws IOException {
        Path file = guest.first(Kind.IOMEM);
        if (file != null) {
            TextFile text = TextFile.read(file, Iomem.MAX_BYTES);
            if (!Iomem.isHidden(text)) {
                return Iomem.read(text);
            }
            remarks.add("iomem was read without root: its addresses are zero, so that it does not"
                    + " tell where RAM is; goes on as without it.");
        }
        Iomem logged = log == null ? null : LoggedMemory.read(log);
        if (logged != null) {
            remarks.add("Memory is as firmware told the kernel (BIOS-e820 in "
                    + Path.of(log.name()).getFileName() + ").");
        }
        return logged;
    }

    /** Returns the version of the kernel that crashed; empty if nothing tells. */
    String release() throws IOException {
        if (log != null && !log.release().isEmpty()) {
            return log.release();
        }
        Path file = guest.first(Kind.VERSION);
        if (file != null) {
            Matcher m = VERSION.matcher(TextFile.read(file, VERSION_BYTES).lines().get(0));
            if (m.matches()) {
                return m.group(1) == null ? m.group(2) : m.group(1);
            }
        }
        return "";
    }

    /** Returns the command line of the kernel that crashed; empty if nothing tells. */
    String commandLine() throws IOException {
        String line = commandLine(guest.first(Kind.COMMAND_LINE));
        return line.isEmpty() && log != null ? log.commandLine() : line;
    }

    /** Returns the command line of the capture kernel; empty if nothing tells. */
    String captureCommandLine() throws IOException {
        return commandLine(files.captureCommandLine());
    }

    private static String commandLine(Path file) throws IOException {
        return file == null ? "" : CommandLine.read(TextFile.read(file, CommandLine.MAX_BYTES));
    }

    /** Returns all functions, by requester id; empty if nothing tells of one. */
    List<FunctionConfig> functions() throws IOException {
        for (Path file : guest.all(Kind.LSPCI)) {
            TextFile text = TextFile.read(file, LspciDump.MAX_BYTES);
            if (LspciDump.hasBytes(text)) {
                return functions(LspciDump.read(text));
            }
        }
        SysfsTree tree = sysfs();
        if (tree != null) {
            remarks.add("Functions are those of sysfs" + (tree.leftOut().isEmpty() ? "."
                    : "; left out: " + String.join(", ", tree.leftOut()) + "."));
            return tree.functions();
        }
        List<FunctionConfig> told = new FunctionTexts(files, remarks).functions(log);
        if (told.isEmpty()) {
            remarks.add("No lspci dump: no functions.");
        }
        return told;
    }

    private List<FunctionConfig> functions(LspciDump dump) {
        if (!dump.leftOut().isEmpty()) {
            remarks.add("Left out, as their segment does not fit a requester id: "
                    + String.join(", ", dump.leftOut()) + ".");
        }
        return PinAssumption.complete(dump.functions(), remarks);
    }

    private SysfsTree sysfs() throws IOException {
        Path sys = guest.folder() == null ? null : guest.folder().resolve("sys");
        if (sys == null || !Files.isDirectory(sys)) {
            return null;
        }
        SysfsTree tree = SysfsTree.read(sys);
        return tree.functions().isEmpty() && tree.leftOut().isEmpty() ? null : tree;
    }
}
