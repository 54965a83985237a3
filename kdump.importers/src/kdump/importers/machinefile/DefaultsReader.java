// SPDX-License-Identifier: Apache-2.0
package kdump.importers.machinefile;

import iommu.api.machine.FormatException;
import iommu.api.machine.RunDefaults;
import iommu.api.profile.KernelTimes;
import iommu.api.profile.KernelVersion;
import java.util.TreeMap;

/** Reads what a machine file says of runs: the capture kernel, and when phases begin. */
final class DefaultsReader {

    private final Node root;

    DefaultsReader(Node root) {
        this.root = root;
    }

    RunDefaults read(FunctionTree functions) throws FormatException {
        version("kernel");
        return new RunDefaults(version("capture-kernel"), functions.options(), functions.rates(),
                times(), hardware(), functions.plugged(), functions.guests(), null);
    }

    private String hardware() throws FormatException {
        Node node = root.member("hardware");
        return node == null ? "" : node.string();
    }

    private String version(String which) throws FormatException {
        Node node = root.member(which);
        if (node == null) {
            return "";
        }
        try {
            KernelVersion.parse(node.string());
        } catch (IllegalArgumentException e) {
            throw node.wrong("a kernel version, such as 6.1.0");
        }
        return node.string();
    }

    private KernelTimes times() throws FormatException {
        Node node = root.member("times");
        if (node == null) {
            return null;
        }
        try {
            if (node.members() == null) {
                return KernelTimes.parse(node.string());
            }
            KernelTimes base = KernelTimes.parse(node.string("like", "recorded"));
            var starts = new TreeMap<String, Long>();
            for (Node start : node.members().values()) {
                if (!start.name().equals("like")) {
                    starts.put(start.name(), start.duration());
                }
            }
            return base.with(starts);
        } catch (IllegalArgumentException e) {
            throw node.wrong(e.getMessage());
        }
    }
}
