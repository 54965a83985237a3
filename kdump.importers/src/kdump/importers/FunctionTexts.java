// SPDX-License-Identifier: Apache-2.0
package kdump.importers;

import iommu.api.pcie.FunctionConfig;
import iommu.api.pcie.RequesterId;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import kdump.importers.bytes.TextFile;
import kdump.importers.functions.FunctionTable;
import kdump.importers.functions.InterruptsText;
import kdump.importers.functions.PciSysfsText;
import kdump.importers.functions.QemuInfoPci;
import kdump.importers.kernellog.KernelLog;
import kdump.importers.kernellog.LoggedFunctions;

/**
 * The functions of a machine of which nobody captured config space: out of a listing of sysfs, the
 * kernel's log, what QEMU's monitor says and /proc/interrupts, as far as they are there.
 */
final class FunctionTexts {

    private static final String LISTING = "pci-sysfs.txt";
    private static final String INFO_PCI = "monitor-info-pci.txt";

    private final CaptureFiles files;
    private final List<String> remarks;
    private final FunctionTable table = new FunctionTable();
    private final List<String> read = new ArrayList<>();

    FunctionTexts(CaptureFiles files, List<String> remarks) {
        this.files = files;
        this.remarks = remarks;
    }

    /**
     * Returns config space made of all texts, by requester id; empty if none tells of a function.
     *
     * @param log of the kernel that crashed; null if there is none
     */
    List<FunctionConfig> functions(KernelLog log) throws IOException {
        listing(files.guestFile(LISTING));
        if (log != null) {
            faulting(told(log.name(), () -> LoggedFunctions.read(log, table)));
        }
        Path monitor = files.beside(INFO_PCI);
        if (monitor != null) {
            TextFile text = TextFile.read(monitor, QemuInfoPci.MAX_BYTES);
            told(INFO_PCI, () -> {
                QemuInfoPci.read(text, table);
                return Set.of();
            });
        }
        Path interrupts = files.guestFile("interrupts");
        if (interrupts != null) {
            InterruptsText.read(TextFile.read(interrupts, InterruptsText.MAX_BYTES), table);
        }
        if (table.isEmpty()) {
            return List.of();
        }
        remarks.add("No config space captured: that of " + table.size()
                + " functions is made of what " + String.join(", ", read) + " say"
                + (interrupts == null ? "." : "; MSI-X is on where interrupts has it."));
        return table.configs(remarks);
    }

    private void listing(Path file) throws IOException {
        if (file != null) {
            PciSysfsText.read(TextFile.read(file, PciSysfsText.MAX_BYTES), table);
            read.add(LISTING);
        }
    }

    /** Reads a text, and keeps its name if there was a function in it. */
    private Set<Integer> told(String name, Reader reader) throws IOException {
        int before = table.size();
        Set<Integer> found = reader.read();
        if (before > 0 || table.size() > 0) {
            read.add(Path.of(name).getFileName().toString());
        }
        return found;
    }

    private interface Reader {
        Set<Integer> read() throws IOException;
    }

    private void faulting(Set<Integer> requesters) {
        if (!requesters.isEmpty()) {
            remarks.add("Only fault messages tell of " + requesters.stream()
                    .map(RequesterId::format).limit(8).collect(Collectors.joining(", ")) + ".");
        }
    }
}
