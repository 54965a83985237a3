// SPDX-License-Identifier: Apache-2.0
package kdump.importers;

import iommu.api.machine.MachineDescription;
import iommu.api.machine.MachineImporter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.osgi.service.component.annotations.Component;

/**
 * Reads capture directories and bare dumps.
 *
 * <p>A capture directory holds a dump ({@code tables*} or {@code vmcore*}), registers as JSON
 * ({@code iommu-regs.json} or {@code regs-crash.json}; {@code regs-capture.json} for
 * {@code tables-as-copied*}), and in {@code guest-crashed} or {@code guest} what the machine said
 * of itself: {@code acpi/DMAR.aml} or {@code acpi/IVRS.aml}, {@code lspci-vvv-xxxx.txt} (or a copy
 * of sysfs in {@code sys}), {@code iomem}, {@code cmdline}. All but the dump may be absent; the
 * machine's remarks say what was assumed instead. Dumps are ELF cores and kdump-compressed files,
 * these also flattened, all gzipped or not.
 */
@Component
public final class CaptureDirectoryImporter implements MachineImporter {

    @Override
    public boolean accepts(Path source) {
        try {
            return Files.isDirectory(source) ? CaptureFiles.holdsDump(source)
                    : Files.isRegularFile(source) && DumpChoice.isDump(source);
        } catch (IOException e) {
            return false;
        }
    }

    @Override
    public MachineDescription read(Path source, Path registers) throws IOException {
        boolean directory = Files.isDirectory(source);
        Path whole = source.toAbsolutePath().normalize();
        String name = String.valueOf(whole.getFileName() == null ? whole : whole.getFileName());
        if (!directory && name.indexOf('.') > 0) {
            name = name.substring(0, name.indexOf('.'));
        }
        CaptureFiles files = directory ? CaptureFiles.find(source, registers)
                : CaptureFiles.bare(source, registers);
        return new CaptureReader(name,
                (directory ? "capture directory " : "dump ") + source, files).read();
    }
}
