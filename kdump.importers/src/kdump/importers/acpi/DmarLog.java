// SPDX-License-Identifier: Apache-2.0
package kdump.importers.acpi;

import java.util.ArrayList;
import java.util.List;

/**
 * The lines that a kernel prints while it reads a DMAR table. Source: the logs of Linux 6.1 and
 * 6.12 machines, "DMAR:" lines.
 */
final class DmarLog {

    private DmarLog() { }

    static List<String> of(DmarTable table) {
        List<String> lines = new ArrayList<>();
        lines.add("DMAR: Host address width " + table.hostAddressWidthBits());
        for (DmarStructure structure : table.structures()) {
            String line = line(structure);
            if (line != null) {
                lines.add("DMAR: " + line);
            }
        }
        return lines;
    }

    private static String line(DmarStructure structure) {
        if (structure instanceof Drhd unit) {
            return "DRHD base: " + hex(unit.registerBase()) + " flags: " + small(unit.flags());
        } else if (structure instanceof Rmrr region) {
            return "RMRR base: " + hex(region.base()) + " end: " + hex(region.limit());
        } else if (structure instanceof DmarStructure.Atsr ports) {
            return "ATSR flags: " + small(ports.flags());
        } else if (structure instanceof DmarStructure.Rhsa affinity) {
            return "RHSA base: " + hex(affinity.registerBase()) + " proximity domain: "
                    + small(affinity.proximityDomain());
        } else if (structure instanceof DmarStructure.Andd device) {
            int end = device.name().indexOf(0);
            return "ANDD device: " + Integer.toHexString(device.number()) + " name: "
                    + (end < 0 ? device.name() : device.name().substring(0, end));
        } else if (structure instanceof DmarStructure.SocDevices soc
                && soc.type() == DmarStructure.SocDevices.SATC) {
            return "SATC flags: " + small(soc.flags());
        }
        return null;
    }

    private static String hex(long value) {
        return String.format("0x%014x", value);
    }

    private static String small(long value) {
        return "0x" + Long.toHexString(value);
    }
}
