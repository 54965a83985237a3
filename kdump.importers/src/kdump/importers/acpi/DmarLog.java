// SPDX-License-Identifier: Apache-2.0
package kdump.importers.acpi;

import iommu.api.memory.AddressRange;
import java.util.ArrayList;
import java.util.List;

/**
 * The lines that a kernel prints while it reads a DMAR table. That firmware must reserve an RMRR it
 * checks since 5.5. Source: the logs of Linux 6.1 and 6.12 machines, "DMAR:" lines; Linux,
 * drivers/iommu/intel/dmar.c and arch/x86/include/asm/iommu.h.
 */
final class DmarLog {

    private static final String FIRMWARE_BUG = "DMAR: [Firmware Bug]: ";
    private static final String BROKEN = FIRMWARE_BUG + "Your BIOS is broken; ";

    private DmarLog() { }

    /**
     * Returns the lines.
     *
     * @param reserved what firmware's memory map reserves, by address and apart; null if unknown
     */
    static List<String> of(DmarTable table, List<AddressRange> reserved) {
        List<String> lines = new ArrayList<>();
        if (table.units().stream().anyMatch(u -> u.registerBase() == 0)) {
            lines.add(BROKEN + "DMAR reported at address 0!");
        }
        lines.add("DMAR: Host address width " + table.hostAddressWidthBits());
        for (DmarStructure structure : table.structures()) {
            String line = line(structure);
            if (line != null) {
                lines.add("DMAR: " + line);
            }
            String complaint = complaint(structure, table, reserved);
            if (complaint != null) {
                lines.add(complaint);
            }
        }
        return lines;
    }

    private static String complaint(DmarStructure structure, DmarTable table,
            List<AddressRange> reserved) {
        if (structure instanceof DmarStructure.Rhsa affinity && table.units().stream()
                .noneMatch(u -> u.registerBase() == affinity.registerBase())) {
            return BROKEN + "RHSA refers to non-existent DMAR unit at "
                    + Long.toHexString(affinity.registerBase());
        }
        if (structure instanceof Rmrr region && reserved != null && region.limit() > region.base()
                && reserved.stream().noneMatch(r -> r.contains(region.base(),
                        region.limit() + 1 - region.base()))) {
            return String.format(FIRMWARE_BUG + "No firmware reserved region can cover this RMRR"
                    + " [0x%016x-0x%016x], contact BIOS vendor for fixes", region.base(),
                    region.limit());
        }
        return null;
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
