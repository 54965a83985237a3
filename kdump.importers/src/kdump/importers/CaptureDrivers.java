// SPDX-License-Identifier: Apache-2.0
package kdump.importers;

import iommu.api.pcie.FunctionConfig;
import iommu.api.pcie.RequesterId;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import kdump.importers.GuestFiles.Kind;
import kdump.importers.bytes.TextFile;
import kdump.importers.functions.FunctionTable;
import kdump.importers.functions.PciSysfsText;

/**
 * Which functions had a driver in the capture kernel: those whose driver in the crashed kernel is
 * among the capture kernel's modules, and those that were bound there.
 *
 * <p>A virtio function is bound by a driver of its transport, and silent without that of its class.
 */
final class CaptureDrivers {

    private static final String LISTING = "pci-sysfs.txt";
    private static final int MAX_BYTES = 1 << 20;
    private static final Pattern MODULE = Pattern.compile("([a-z0-9_]{1,60})\\s+\\d+ .*");
    private static final Pattern NAMED = Pattern.compile("(?:^|\\s)cap\\.mods=(\\S+)");
    private static final int STORAGE = 1;

    private final CaptureFiles files;
    private final List<String> remarks;

    CaptureDrivers(CaptureFiles files, List<String> remarks) {
        this.files = files;
        this.remarks = remarks;
    }

    /**
     * Returns the requester ids; null if nothing tells.
     *
     * @param commandLine of the capture kernel, empty if unknown
     */
    Set<Integer> of(List<FunctionConfig> functions, String commandLine) throws IOException {
        Set<String> modules = modules(commandLine);
        if (modules == null) {
            return null;
        }
        FunctionTable crashed = listing(files.guest().first(Kind.FUNCTIONS));
        FunctionTable capture = listing(files.captureFile(LISTING));
        Set<Integer> with = new TreeSet<>();
        for (FunctionConfig function : functions) {
            int id = function.requesterId();
            String driver = crashed.driverOf(id).isEmpty() ? capture.driverOf(id)
                    : crashed.driverOf(id);
            boolean bound = !capture.driverOf(id).isEmpty();
            if (driver.startsWith("virtio") ? modules.contains(virtio(function))
                    : bound || modules.contains(module(driver))) {
                with.add(id);
            }
        }
        remarks.add("The capture kernel has drivers of " + (with.isEmpty() ? "no function" : with
                .stream().map(RequesterId::format).collect(Collectors.joining(", ")))
                + ", as its modules and bindings tell.");
        return with;
    }

    private Set<String> modules(String commandLine) throws IOException {
        Path lsmod = files.captureFile("lsmod.txt");
        Matcher named = NAMED.matcher(commandLine);
        boolean isNamed = named.find();
        if (lsmod == null && !isNamed) {
            return null;
        }
        Set<String> modules = new HashSet<>();
        if (lsmod != null) {
            for (String line : TextFile.read(lsmod, MAX_BYTES).lines()) {
                Matcher m = MODULE.matcher(line);
                if (m.matches()) {
                    modules.add(m.group(1));
                }
            }
        } else {
            Arrays.stream(named.group(1).split(",")).map(CaptureDrivers::module)
                    .forEach(modules::add);
        }
        return modules;
    }

    private static FunctionTable listing(Path file) throws IOException {
        FunctionTable table = new FunctionTable();
        if (file != null) {
            PciSysfsText.read(TextFile.read(file, PciSysfsText.MAX_BYTES), table);
        }
        return table;
    }

    private static String virtio(FunctionConfig function) {
        return function.classCode() >>> 16 == STORAGE ? "virtio_blk" : "virtio_net";
    }

    /** Most drivers are called as their module is; that of xHCI is not. */
    private static String module(String driver) {
        return driver.equals("xhci_hcd") ? "xhci_pci" : driver.replace('-', '_');
    }
}
