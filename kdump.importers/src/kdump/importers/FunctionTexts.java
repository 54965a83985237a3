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
import kdump.importers.GuestFiles.Kind;
import kdump.importers.bytes.TextFile;
import kdump.importers.functions.FunctionTable;
import kdump.importers.functions.InterruptsText;
import kdump.importers.functions.MonitorFunctions;
import kdump.importers.functions.PciSysfsText;
import kdump.importers.kernellog.KernelLog;
import kdump.importers.kernellog.LoggedFunctions;
import kdump.importers.lspci.LspciDump;
import kdump.importers.lspci.LspciProse;

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
        listing(files.guest().first(Kind.FUNCTIONS));
        for (Path file : files.guest().all(Kind.LSPCI)) {
            prose(file);
        }
        if (log != null) {
            faulting(LoggedFunctions.read(log, table));
            if (log.messages().stream().anyMatch(m -> m.startsWith("pci 0"))) {
                keep(log.name());
            }
        }
        Path monitor = files.guest().first(Kind.MONITOR);
        monitor = monitor != null ? monitor : files.beside(INFO_PCI);
        if (monitor != null) {
            MonitorFunctions.read(TextFile.read(monitor, MonitorFunctions.MAX_BYTES), table);
            keep(INFO_PCI);
        }
        Path interrupts = files.guest().first(Kind.INTERRUPTS);
        if (interrupts != null) {
            InterruptsText.read(TextFile.read(interrupts, InterruptsText.MAX_BYTES), table);
        }
        if (table.isEmpty()) {
            return List.of();
        }
        remarks.add("No config space captured: that of " + table.size()
                + " functions is made of " + String.join(", ", read)
                + (interrupts == null ? "." : "; MSI-X is on where interrupts has it."));
        return table.configs(remarks);
    }

    private void listing(Path file) throws IOException {
        if (file != null) {
            PciSysfsText.read(TextFile.read(file, PciSysfsText.MAX_BYTES), table);
            read.add(LISTING);
        }
    }

    /** Of several outputs of lspci each completes those before. */
    private void prose(Path file) throws IOException {
        List<String> leftOut = LspciProse.read(TextFile.read(file, LspciDump.MAX_BYTES), table);
        keep(file.toString());
        if (!leftOut.isEmpty()) {
            remarks.add("Left out, as their segment does not fit a requester id: "
                    + String.join(", ", leftOut) + ".");
        }
    }

    private void keep(String name) {
        if (!table.isEmpty()) {
            read.add(Path.of(name).getFileName().toString());
        }
    }

    private void faulting(Set<Integer> requesters) {
        if (!requesters.isEmpty()) {
            remarks.add("Only fault messages tell of " + requesters.stream()
                    .map(RequesterId::format).limit(8).collect(Collectors.joining(", ")) + ".");
        }
    }
}
