// SPDX-License-Identifier: Apache-2.0
package kdump.importers;

import iommu.api.machine.MachineDescription;
import iommu.api.machine.MachineImporter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Pattern;
import kdump.importers.bytes.Content;
import kdump.importers.bytes.TextFile;
import kdump.importers.kernellog.KernelLog;
import org.osgi.service.component.annotations.Component;

/**
 * Reads capture directories, sosreport trees, folders as kdump leaves them, bare dumps and lone
 * kernel logs.
 *
 * <p>A directory holds of these what there is: a dump ({@code tables*} or {@code vmcore*}),
 * registers as JSON ({@code iommu-regs*.json} or {@code regs-crash*.json};
 * {@code regs-capture*.json} for {@code tables-as-copied*}), and what the machine said of itself,
 * in {@code guest-crashed} or {@code guest} or about: {@link GuestFiles.Kind} has the names. The
 * machine's remarks say what was
 * assumed instead of what is not there. Dumps are ELF cores and kdump-compressed files, these also
 * flattened, all gzipped or not. Without a dump the machine boots cold.
 */
@Component
public final class CaptureDirectoryImporter implements MachineImporter {

    private static final Pattern LOG = Pattern.compile(
            "(?:vmcore-)?dmesg.*|kern(?:el)?\\.log|console\\.log(?:\\.gz)?|lspci.*");
    /** Of a lone text so much is looked at. */
    private static final int HEAD_BYTES = 1 << 18;

    @Override
    public boolean accepts(Path source) {
        try {
            return Files.isDirectory(source) ? holdsMachine(source)
                    : Files.isRegularFile(source)
                            && (DumpChoice.isDump(source) || isLog(source));
        } catch (IOException e) {
            return false;
        }
    }

    private static boolean holdsMachine(Path directory) throws IOException {
        if (CaptureFiles.TELLING.stream().anyMatch(name -> Files.exists(directory.resolve(name)))
                || !DumpChoice.candidates(directory).isEmpty()) {
            return true;
        }
        return DumpChoice.files(directory).stream()
                .anyMatch(f -> LOG.matcher(f.getFileName().toString()).matches())
                || CrashFolder.below(directory) != null;
    }

    /** A lone log is known by what its first lines tell; text has no zero bytes. */
    private static boolean isLog(Path file) throws IOException {
        Content content = Content.open(file); // gzipped or not
        byte[] head = new byte[(int) Math.min(HEAD_BYTES, content.bytes())];
        content.read(0, head, 0, head.length);
        for (byte b : head) {
            if (b == 0) {
                return false;
            }
        }
        return KernelLog.tellingLines(TextFile.of(file.toString(), head)) > 0;
    }

    @Override
    public MachineDescription read(Path source, Path registers) throws IOException {
        boolean directory = Files.isDirectory(source);
        Path whole = source.toAbsolutePath().normalize();
        String name = String.valueOf(whole.getFileName() == null ? whole : whole.getFileName());
        if (!directory && name.indexOf('.') > 0) {
            name = name.substring(0, name.indexOf('.'));
        }
        if (!directory && !DumpChoice.isDump(source) && isLog(source)) {
            return new CaptureReader(name, "kernel log " + source,
                    CaptureFiles.log(source, registers)).read();
        }
        CaptureFiles files = directory ? CaptureFiles.find(source, registers)
                : CaptureFiles.bare(source, registers);
        return new CaptureReader(name,
                (directory ? "capture directory " : "dump ") + source, files).read();
    }
}
